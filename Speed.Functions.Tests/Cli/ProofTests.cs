using System.Collections.Concurrent;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives real HTTP: a key leaves for who has proved to have it.</summary>
public sealed class ProofTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(404, """{"error": "Not found"}""")]
    [InlineData(401, """{"title": "Unauthorized", "detail": "A token is required."}""")]
    [InlineData(200, "<html>hello</html>")]
    [InlineData(200, """{"proof": 1}""")]
    [InlineData(200, """{"proof": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    [InlineData(302, "")]
    public async Task Whatever_listens_in_the_place_of_SPEED_gets_no_key(int status, string body)
    {
        using var data = new Data.TempFolder();
        var key = new string('k', 43);
        await File.WriteAllTextAsync(Path.Combine(data.FullPath, "admin.key"), key, Now);
        var seen = new ConcurrentQueue<string>();
        await using var other = new ScriptedServer(
            async context =>
            {
                using var reader = new StreamReader(context.Request.InputStream);
                seen.Enqueue($"{context.Request.RawUrl} {context.Request.Headers} {await reader.ReadToEndAsync(Now)}");
                await ScriptedServer.SayAsync(context, status, body);
            },
            proves: false);

        var run = await CliRun.RunAsync(
            new Dictionary<string, string> { ["SPEED_SERVER"] = other.Address, ["Speed__DataDirectory"] = data.FullPath }, "a secret value\n",
            "secrets", "set", "A_KEY");

        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.Contains("not sent", run.Error, StringComparison.Ordinal);
        var asked = Assert.Single(seen);
        Assert.StartsWith("/v1/session/challenge ", asked, StringComparison.Ordinal);
        Assert.DoesNotContain(key, asked, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", asked, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("a secret value", asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_SPEED_gets_it_where_that_is_asked_for()
    {
        await using var older = new ScriptedServer(
            context => context.Request.RawUrl!.StartsWith("/v1/deployments", StringComparison.Ordinal)
                ? ScriptedServer.SayAsync(context, 200, """{"items": [], "next_cursor": null}""")
                : ScriptedServer.SayAsync(context, 404, """{"error": "Not found"}"""),
            proves: false);

        var refused = await CliRun.RunAsync(older.Environment, "", "list");
        var done = await CliRun.RunAsync(older.Environment, "", "list", "--unproved");

        Assert.Equal(2, refused.Code);
        Assert.Contains("--unproved", refused.Error, StringComparison.Ordinal);
        done.Done();
    }

    [Fact]
    public async Task Each_connection_proves_itself_and_what_is_asked_goes_over_it()
    {
        await using var app = await Keys.OpenAsync();
        var environment = CliRun.EnvironmentOf(app);
        (await CliRun.RunAsync(environment, "", "tokens", "list")).Done();
        environment["SPEED_TOKEN"] = await app.NewTokenAsync(["read"]);

        (await CliRun.RunAsync(environment, "", "list")).Done();
        (await CliRun.RunAsync(environment, "", "queue")).Done();
    }

    [Fact]
    public async Task The_operators_own_key_is_proved_too()
    {
        const string Key = "an-operators-own-key-of-32-letters";
        await using var app = await Keys.OpenAsync(new() { ["Speed__AdminKey"] = Key });
        var environment = CliRun.EnvironmentOf(app);
        environment["SPEED_TOKEN"] = Key;

        (await CliRun.RunAsync(environment, "", "tokens", "list")).Done();
    }

    [Fact]
    public async Task A_SPEED_that_is_not_ready_is_no_stranger()
    {
        await using var speed = new ScriptedServer(
            context => ScriptedServer.SayAsync(context, 503, """{"detail": "SPEED starts."}"""), proves: false);

        var run = await CliRun.RunAsync(speed.Environment, "", "list");

        Assert.Equal(3, run.Code);
        Assert.Contains("SPEED starts.", run.Error, StringComparison.Ordinal);
    }
}
