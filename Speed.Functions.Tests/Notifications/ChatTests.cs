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

    [Fact]
    public async Task Each_thing_that_happens_to_a_service_is_one_sentence()
    {
        await _world.AddAsync(
            format: NotificationFormat.Slack,
            events: [.. NotificationEvents.Public.Where(one => one.Wire.StartsWith("service.", StringComparison.Ordinal))]);
        var store = _world.Store;
        var claim = (await _world.BeginServiceAsync()).Claim;

        await store.RecordHealthAsync(claim, "GET / on port 80 answered 500: <b>no</b>", Now);
        await store.RecordHealthAsync(claim, null, Now);
        await store.GoDownAsync(claim, new Restarting(RestartReason.Exit, 9, 3, 4), Now);
        await store.BeginRunAnewAsync(claim, 3, Now);
        await store.GoDownAsync(claim, new Restarting(RestartReason.Interrupted, null, null, 0), Now);
        await store.BeginRunAnewAsync(claim, 3, Now);
        await store.GoDownAsync(claim, new Restarting(RestartReason.DiskFull, null, null, 0), Now);
        await store.BeginRunAnewAsync(claim, 3, Now);
        await store.GoDownAsync(claim, new Restarting(RestartReason.Unhealthy, null, 4, 8), Now);
        await store.BeginRunAnewAsync(claim, 4, Now);
        await store.GoDownAsync(claim, new Restarting(RestartReason.NotStarted, null, 11, 300), Now);
        await _world.FailAsync(await _world.BeginServiceAsync(branch: "other"));
        await _world.SucceedAsync(await _world.BeginServiceAsync(branch: "third"));

        const string First = "Deployment 1 of git.example/team/app (main) ";
        Assert.Equal(
            [
                First + "is no longer healthy: GET / on port 80 answered 500: &lt;b&gt;no&lt;/b&gt;",
                First + "is healthy again.",
                First + "is started again: the program exited with code 9. Try 3, in 4 s.",
                First + "is started again: the Docker engine or SPEED went away, and the service with it.",
                First + "is started again: it was stopped for want of room on SPEED's disk, and starts once there is.",
                First + "is started again: it is not well. Try 4, in 8 s.",
                First + "is down: it could not be started. Try 11, in 300 s.",
                "Deployment 2 of git.example/team/app (other) is down: EXIT_NONZERO: It exited with 3.",
                "Deployment 3 of git.example/team/app (third) is down: the program exited with code 0.",
            ],
            await NextAsync(9, "text"));
    }

    [Theory]
    [InlineData(NotificationFormat.Slack, "text", "&lt;!channel&gt; *no* room.\n<https://speed.example/#/doctor>")]
    [InlineData(NotificationFormat.Discord, "content", @"\<!channel\> \*no\* room." + "\n<https://speed.example/#/doctor>")]
    public async Task What_happens_to_the_host_names_it_and_leads_to_the_doctor(
        NotificationFormat format, string member, string words)
    {
        _world.Settings.PublicUrl = "https://speed.example";
        await _world.AddAsync(format: format);

        await _world.Store.RecordAsync(NotificationEvent.BackupFailed, "<!channel> *no* room.", Now);

        var text = Assert.Single(await NextAsync(1, member));
        Assert.StartsWith("SPEED on ", text, StringComparison.Ordinal);
        Assert.EndsWith(words, text, StringComparison.Ordinal);
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private async Task<IReadOnlyList<string>> NextAsync(int count, string member)
    {
        var texts = new List<string>();
        while (texts.Count < count)
        {
            texts.Add((await _world.Receiver.NextAsync()).Json.GetProperty(member).GetString()!);
        }

        return texts;
    }

    private async Task<Received> TellAsync(NotificationFormat format, string branch, string message)
    {
        _world.Settings.PublicUrl = "https://speed.example";
        await _world.AddAsync(format: format, events: [NotificationEvent.Failed]);
        await _world.FailAsync(await _world.BeginAsync(branch: branch), message);
        return await _world.Receiver.NextAsync();
    }
}
