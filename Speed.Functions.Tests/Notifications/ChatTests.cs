using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>Drives real SQLite and real HTTP: what people read in a chat, where strangers chose the words.</summary>
public sealed class ChatTests : IAsyncLifetime
{
    private NotifyWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await NotifyWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Slack_gets_one_text_in_which_strangers_mention_nobody()
    {
        var failed = await TellAsync(NotificationFormat.Slack, "<!channel>&co", "No <@U1> & <https://evil.example|click>");

        Assert.Equal(["text"], failed.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            "Deployment 1 of git.example/team/app (&lt;!channel&gt;&amp;co) failed: EXIT_NONZERO: "
            + "No &lt;@U1&gt; &amp; &lt;https://evil.example|click&gt;\n<https://speed.example/#/deployments/1>",
            failed.Json.GetProperty("text").GetString());
        Assert.DoesNotContain("webhook-signature", failed.Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Discord_gets_a_content_that_mentions_and_marks_up_nothing()
    {
        var failed = await TellAsync(NotificationFormat.Discord, "@everyone/**x**", "See <@1> [here](https://evil.example)");

        Assert.Equal("""{"parse":[]}""", failed.Json.GetProperty("allowed_mentions").GetRawText());
        Assert.Equal(
            @"Deployment 1 of git.example/team/app (\@everyone/\*\*x\*\*) failed\: EXIT\_NONZERO\: See \<\@1\> "
            + @"\[here\]\(https\://evil.example\)" + "\n<https://speed.example/#/deployments/1>",
            failed.Json.GetProperty("content").GetString());
    }

    [Theory]
    [InlineData(NotificationFormat.Discord, "content", 2_000, "x")]
    [InlineData(NotificationFormat.Discord, "content", 2_000, "*")]
    [InlineData(NotificationFormat.Slack, "text", 3_100, "&")]
    [InlineData(NotificationFormat.Discord, "content", 2_000, "😀")]
    public async Task A_long_message_is_cut_and_stays_whole_characters(
        NotificationFormat format, string member, int most, string piece)
    {
        var failed = await TellAsync(format, "main", string.Concat(Enumerable.Repeat(piece, 5_000)));

        var text = failed.Json.GetProperty(member).GetString()!;
        Assert.InRange(text.Length, 500, most);
        Assert.Contains("…\n<https://speed.example/", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', text);
    }

    private async Task<Received> TellAsync(NotificationFormat format, string branch, string message)
    {
        _world.Settings.PublicUrl = "https://speed.example";
        await _world.AddAsync(format: format, events: [NotificationEvent.Failed]);
        await _world.FailAsync(await _world.BeginAsync(branch: branch), message);
        return await _world.Receiver.NextAsync();
    }
}
