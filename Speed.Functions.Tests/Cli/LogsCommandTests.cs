using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Speed.Cli;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives SPEED over HTTP: `speed logs`, as text, as JSON, and over restarts.</summary>
public sealed class LogsCommandTests : IAsyncLifetime
{
    private const string Escapes = "\e[31mred\e[0m \e]0;title\a\e[2J\u009b1m\r\ttab";

    private SpeedApp _app = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private ILogStore Logs => _app.Services.GetRequiredService<ILogStore>();

    public async ValueTask InitializeAsync()
    {
        _app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Urls"] = $"http://127.0.0.1:{FreePort.Find()}" });
        await _app.StartAsync("https://example.com/r.git");
        // A leader's: no restart of SPEED has a say in it.
        (await _app.UpdateAsync(1, "Running")).Dispose();
        await _app.LogAsync(
            1, Act.Line(1, "first part, ", continues: true), Act.Line(2, "second part"),
            Act.Line(3, "an ERROR", LogStream.Stderr));
        await Logs.AppendGapAsync(1, new LogGap(4, 6, "the engine was gone", 120), Now);
        await Logs.AppendGapAsync(1, new LogGap(7, 7, "gone again", null), Now);
        await _app.LogAsync(1, Act.Line(8, Escapes));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Redirected_it_is_what_the_program_printed_with_the_gaps_between()
    {
        var run = (await CliRun.RunAsync(_app, "logs", "1")).Done();

        Assert.Equal(
            "first part, second part\nan ERROR\n[gap: the engine was gone, 120 bytes]\n"
            + $"[gap: gone again, unknown bytes]\n{Escapes}\n",
            run.Out);
        Assert.Equal("", run.Error);
    }

    [Fact]
    public async Task As_JSON_it_is_line_by_line_what_SPEED_sends()
    {
        var run = (await CliRun.RunAsync(_app, "logs", "1", "--json")).Done();

        Assert.Equal(await _app.Client.GetStringAsync("/v1/deployments/1/logs?format=ndjson", Now), run.Out);
    }

    [Theory]
    [InlineData("an ERROR", "--stream", "stderr")]
    [InlineData("an ERROR", "--grep", "error")]
    [InlineData("second part", "--after", "1", "--grep", "PART")]
    [InlineData(Escapes, "--tail", "1")]
    [InlineData("", "--phase", "clone")]
    public async Task A_part_of_it_can_be_asked_for(string lines, params string[] given)
    {
        var run = (await CliRun.RunAsync(_app, ["logs", "1", .. given])).Done();

        var told = run.Out.Split('\n').Where(line => !line.StartsWith("[gap", StringComparison.Ordinal));
        Assert.Equal(lines, string.Join('\n', told).TrimEnd('\n'));
    }

    [Theory]
    [InlineData(false, "\e[31mred\e[0m ^[]0;title^G^[[2J\\u009b1m^M\ttab\e[0m\n")]
    [InlineData(true, "red ^[]0;title^G^[[2J\\u009b1m^M\ttab\n")]
    public async Task To_a_terminal_colors_pass_and_nothing_else_commands_it(bool noColor, string shown)
    {
        await using var output = new StringWriter();
        var environment = CliRun.EnvironmentOf(_app);
        environment["NO_COLOR"] = noColor ? "1" : "";
        var terminal =
            new Terminal(TextReader.Null, output, TextWriter.Null) { Environment = environment, IsOutTerminal = true };

        Assert.Equal(0, await CommandLine.RunAsync(["logs", "1", "--tail", "1"], terminal, Now));

        Assert.Equal(shown, output.ToString());
    }

    [Theory]
    [InlineData(Escapes)]
    [InlineData("gone again", "--tail", "1", "--grep", "line")]
    public async Task A_follower_loses_and_repeats_no_line_over_restarts(string seen, params string[] given)
    {
        await using var output = new WatchedWriter();
        await using var error = new WatchedWriter();
        var terminal = new Terminal(TextReader.Null, output, error) { Environment = CliRun.EnvironmentOf(_app) };
        var following = CommandLine.RunAsync(["logs", "1", "--follow", .. given], terminal, Now);
        await output.SeesAsync(seen, Now);
        var before = output.Text;

        await _app.RestartAsync(meanwhile: () => error.SeesAsync("SPEED is away", Now));
        await _app.LogAsync(1, Act.Line(9, "a line after it"));
        await output.SeesAsync("after it\n", Now);
        await _app.RestartAsync();
        await _app.LogAsync(1, Act.Line(10, "the last line"));
        await Logs.CloseAsync(1, Now);
        (await _app.UpdateAsync(1, "Succeeded")).Dispose();

        Assert.Equal(0, await following);
        Assert.Equal(before + "a line after it\nthe last line\n", output.Text);
    }

    [Fact]
    public async Task A_follower_gives_up_after_five_minutes_without_SPEED()
    {
        var time = new FakeTimeProvider();
        await using var output = new WatchedWriter();
        await using var error = new WatchedWriter();
        var terminal =
            new Terminal(TextReader.Null, output, error) { Environment = CliRun.EnvironmentOf(_app), Time = time };
        var following = CommandLine.RunAsync(["logs", "1", "--follow"], terminal, Now);
        await output.SeesAsync(Escapes, Now);

        await _app.RestartAsync(meanwhile: async () =>
        {
            await error.SeesAsync("SPEED is away: trying again for 5 minutes.", Now);
            var gone = TimeSpan.Zero;
            while (!following.IsCompleted)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                gone += TimeSpan.FromSeconds(1);
                await Task.Yield();
            }

            Assert.True(gone > TimeSpan.FromMinutes(5), $"after {gone}");
        });

        Assert.Equal(3, await following);
        Assert.Contains("SPEED is not reached", error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_not_there_is_told_at_once()
    {
        var run = await CliRun.RunAsync(_app, "logs", "9", "--follow");

        Assert.Equal((2, "speed: Deployment not found\n"), (run.Code, run.Error));
    }
}
