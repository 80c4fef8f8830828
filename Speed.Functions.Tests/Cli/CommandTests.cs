using System.Text.Json;
using System.Text.RegularExpressions;
using Speed.Cli;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives SPEED over HTTP: the other commands, each over a SPEED that starts nothing.</summary>
public sealed class CommandTests
{
    private const string Url = "https://example.com/r.git";

    [Fact]
    public async Task A_list_goes_on_from_page_to_page_up_to_its_limit()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        for (var count = 0; count < 203; count++)
        {
            await app.StartAsync(Url, count == 0 ? "first" : "main");
        }

        var all = (await CliRun.RunAsync(app, "list", "--json", "--limit", "1000")).Done();
        var some = (await CliRun.RunAsync(app, "list", "--json", "--limit", "202")).Done();
        var usual = (await CliRun.RunAsync(app, "list")).Done();
        var one = (await CliRun.RunAsync(
            app, "list", "--branch", "first", "--status", "Pending", "--repo", "example.com/*")).Done();

        Assert.Equal(Enumerable.Range(1, 203).Reverse(), Ids(all));
        Assert.Equal(JsonValueKind.Null, all.AsJson().GetProperty("next_cursor").ValueKind);
        Assert.Equal(Enumerable.Range(2, 202).Reverse(), Ids(some));
        Assert.Equal(JsonValueKind.String, some.AsJson().GetProperty("next_cursor").ValueKind);
        Assert.Equal(51, usual.Out.TrimEnd().Split('\n').Length);
        Assert.Matches(@"^ID .*\n1 +Pending +https://example\.com/r\.git +first [^\n]*\n$", one.Out);
    }

    [Fact]
    public async Task On_a_terminal_what_turns_the_direction_of_writing_is_shown_in_every_field()
    {
        const string Shown = @"a\u202egnp.\u2066b";
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(
            "https://example.com/r.git", Regex.Unescape(Shown), new() { ["subdirectory"] = "x\u200fy", ["secrets"] = Array.Empty<string>() });
        foreach (var command in new[] { "list", "show 1", "queue", "list --json", "show 1 --json" })
        {
            await using var output = new StringWriter();
            var terminal = new Terminal(TextReader.Null, output, TextWriter.Null)
            {
                Environment = CliRun.EnvironmentOf(app),
                IsOutTerminal = true,
            };

            await CommandLine.RunAsync(command.Split(' '), terminal, TestContext.Current.CancellationToken);

            Assert.Contains(Shown, output.ToString(), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotMatch("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", output.ToString());
        }
    }

    [Theory]
    [InlineData("", "\e[1mID\e[0m  \e[1mSTATUS\e[0m ")]
    [InlineData("1", "ID  STATUS ")]
    public async Task On_a_terminal_too_a_row_is_a_line(string noColor, string heading)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var longUrl = $"https://example.com/{new string('r', 300)}.git";
        await app.StartAsync(longUrl);
        await using var output = new StringWriter();
        var environment = CliRun.EnvironmentOf(app);
        environment["NO_COLOR"] = noColor;
        var terminal = new Terminal(TextReader.Null, output, TextWriter.Null)
        {
            Environment = environment,
            IsOutTerminal = true,
        };

        await CommandLine.RunAsync(["list"], terminal, TestContext.Current.CancellationToken);

        var lines = output.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith(heading, lines[0], StringComparison.Ordinal);
        Assert.Contains(longUrl, lines[1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Equal(line.TrimEnd(), line));
    }

    [Theory]
    [InlineData("--limit", "0")]
    [InlineData("--status", "Done")]
    public async Task A_list_that_cannot_be_had_is_refused(params string[] given)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var run = await CliRun.RunAsync(app, ["list", .. given]);

        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.Contains(given[0][2..], run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_says_is_shown_and_obeyed_by_nobody()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Url, options: new() { ["labels"] = new { team = "[red]a[/] [link]" } });
        var claim = await app.ClaimAsync();
        await app.FailAsync(claim);
        await app.SendAsync("/add_results/1", """{"results": "half\nway"}""");

        var shown = (await CliRun.RunAsync(app, "show", "1")).Done();
        var json = (await CliRun.RunAsync(app, "show", "1", "--json")).Done();
        var results = (await CliRun.RunAsync(app, "results", "1")).Done();

        Assert.Matches(@"(?m)^Status +Failed *$", shown.Out);
        Assert.Matches(@"(?m)^Failure +BUILD_FAILED: It failed\. *$", shown.Out);
        Assert.Matches(@"(?m)^Way out +Mend it\. *$", shown.Out);
        Assert.Contains("team=[red]a[/] [link]", shown.Out, StringComparison.Ordinal);
        Assert.Equal((await app.GetDeploymentAsync(1)).GetRawText() + "\n", json.Out);
        Assert.Equal("half\nway\n", results.Out);
    }

    [Fact]
    public async Task Cancel_waits_until_it_is_canceled_and_refuses_what_has_ended()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Url);
        var claim = await app.ClaimAsync();

        var asked = (await CliRun.RunAsync(app, "cancel", "1", "--detach")).Done();
        var waiting = CliRun.RunAsync(app, "cancel", "1");
        Assert.False(waiting.IsCompleted);
        await app.CancelAsync(claim);
        await app.StartAsync(Url);
        await app.FailAsync(await app.ClaimAsync());
        var late = await CliRun.RunAsync(app, "cancel", "2");

        Assert.Equal("Deployment 1 is being canceled.\n", asked.Out);
        Assert.Equal("Deployment 1 is canceled.\n", (await waiting).Done().Out);
        Assert.Equal((2, ""), (late.Code, late.Out));
    }

    [Fact]
    public async Task The_queue_tells_who_waits_and_why()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Url);
        await app.StartAsync(Url, "dev");

        var run = (await CliRun.RunAsync(app, "queue")).Done();

        Assert.Matches(@"\n2 +2 +https://example\.com/r\.git +dev .*Speed__MaxRunning is 0\. *\n$", run.Out);
    }

    [Fact]
    public async Task A_login_at_a_registry_may_name_its_deployers()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        (await CliRun.RunAsync(
            CliRun.EnvironmentOf(app), "a secret value\n",
            "secrets", "set", "login", "--use", "registry", "--repo", "registry.example.com", "--deployer", "github.com/you/*",
            "--deployer", "github.com/they/app")).Done();
        var listed = (await CliRun.RunAsync(app, "secrets", "list")).Done();

        Assert.Contains("github.com/you/*, github.com/they/app", listed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_read_from_the_input_listed_by_name_and_removed()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var environment = CliRun.EnvironmentOf(app);

        var set = (await CliRun.RunAsync(
            environment, "a secret value\n",
            "secrets", "set", "login", "--use", "git", "--repo", "github.com/you/*", "--username", "you")).Done();
        var listed = (await CliRun.RunAsync(app, "secrets", "list")).Done();
        var tooShort = await CliRun.RunAsync(environment, "short\n", "secrets", "set", "A_KEY");
        var removed = (await CliRun.RunAsync(app, "secrets", "remove", "login")).Done();
        var gone = await CliRun.RunAsync(app, "secrets", "remove", "login");

        Assert.Equal("", set.Out + removed.Out);
        Assert.Matches(@"\nlogin +git +github\.com/you/\* +you *\n$", listed.Out);
        Assert.DoesNotContain("a secret value", listed.Out + set.Error, StringComparison.Ordinal);
        // Of six characters with its line feed.
        Assert.Equal(2, tooShort.Code);
        Assert.Contains("value", tooShort.Error, StringComparison.Ordinal);
        Assert.Equal((2, "speed: Secret not found\n"), (gone.Code, gone.Error));
    }

    [Fact]
    public async Task A_token_is_made_told_once_and_revoked()
    {
        await using var app = await Keys.OpenAsync();

        var made = (await CliRun.RunAsync(
            app,
            "tokens", "create", "ci", "--scope", "read", "--scope", "deploy", "--repo", "example.com/*",
            "--expires-in", "7d")).Done();
        var token = made.Out.Trim();
        var id = token.Split('_')[1];
        var environment = new Dictionary<string, string>(CliRun.EnvironmentOf(app)) { ["SPEED_TOKEN"] = token };
        (await CliRun.RunAsync(environment, "", "deploy", Url, "--detach")).Done();
        var stranger = await CliRun.RunAsync(environment, "", "deploy", "https://example.org/r.git", "--detach");
        var listed = (await CliRun.RunAsync(app, "tokens", "list")).Done();
        (await CliRun.RunAsync(app, "tokens", "revoke", id)).Done();
        var revoked = await CliRun.RunAsync(environment, "", "list");

        Assert.Equal(2, stranger.Code);
        Assert.Matches($@"\n{id} +ci +read, deploy +example\.com/\* +\S+ \S+ +\S+ \S+ *\n$", listed.Out);
        Assert.Equal((2, ""), (revoked.Code, revoked.Out));
    }

    [Fact]
    public async Task Housekeeping_is_asked_for_and_told()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var would = (await CliRun.RunAsync(app, "gc")).Done();
        var done = (await CliRun.RunAsync(app, "gc", "--do", "--json")).Done();
        var backup = (await CliRun.RunAsync(app, "backup")).Done();
        var doctor = await CliRun.RunAsync(app, "doctor");
        var report = await CliRun.RunAsync(app, "doctor", "--json");

        Assert.Contains("speed gc --do", would.Error, StringComparison.Ordinal);
        Assert.Equal("""{"items":[],"unrecorded":[]}""" + "\n", done.Out);
        Assert.True(File.Exists(Path.Combine(backup.Out.Trim(), "deployments.db")));
        Assert.Matches(@"\ngit +ok +git version 2", doctor.Out);
        Assert.Equal(report.AsJson().GetProperty("ok").GetBoolean() ? 0 : 1, doctor.Code);
    }

    [Theory]
    [InlineData()]
    [InlineData("--help")]
    public async Task The_help_tells_of_exit_codes_and_of_every_command(params string[] args)
    {
        var run = (await CliRun.RunAsync([], "", args)).Done();

        foreach (var word in (string[])
        [
            "deploy", "list", "show", "logs", "results", "cancel", "retry", "queue", "doctor", "secrets", "tokens", "gc",
            "backup", "restore", "Exit codes:", "130", "SPEED_SERVER", "SPEED_TOKEN",
        ])
        {
            Assert.Contains(word, run.Out, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<int> Ids(CliRun run) =>
        run.AsJson().GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetInt32());
}
