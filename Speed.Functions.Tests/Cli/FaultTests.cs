using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Speed.Cli;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives SPEED over HTTP: what goes wrong while a command is at it, and what is said of it.</summary>
public sealed class FaultTests
{
    private const string Url = "https://example.com/r.git";

    private const string Pending = """{"id": 1, "status": "Pending", "version": 1, "url": "https://example.com/r.git"}""";

    private const string Succeeded =
        """{"id": 1, "status": "Succeeded", "version": 2, "log": {"lines": 1, "sha256": "00"}}""";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connection_that_is_dead_without_a_word_keeps_no_deployment_from_being_told()
    {
        var over = new TaskCompletionSource();
        await using var speed = new ScriptedServer(async context =>
        {
            switch (context.Request)
            {
                case { HttpMethod: "POST" }:
                    await ScriptedServer.SayAsync(context, 201, Pending);
                    break;
                case { RawUrl: var path } when path!.Contains("follow=true", StringComparison.Ordinal):
                    context.Response.SendChunked = true;
                    await context.Response.OutputStream.FlushAsync(Now);
                    await over.Task;
                    break;
                case { RawUrl: var path } when path!.Contains("/logs", StringComparison.Ordinal):
                    await ScriptedServer.SayAsync(context, 200, """{"n": 1, "text": "the last line"}""");
                    break;
                default:
                    await ScriptedServer.SayAsync(context, 200, Succeeded);
                    break;
            }
        });
        try
        {
            var run = await CliRun.RunAsync(speed.Environment, "", "deploy", Url).WaitAsync(TimeSpan.FromMinutes(1), Now);

            Assert.Equal((0, "Deployment 1 succeeded.\n"), (run.Code, run.Out));
            Assert.Equal($"Deployment 1 of {Url}\nthe last line\n", run.Error);
        }
        finally
        {
            over.SetResult();
        }
    }

    [Fact]
    public async Task A_follower_of_a_quiet_log_outlives_restart_after_restart()
    {
        var time = new FakeTimeProvider();
        var streams = Channel.CreateUnbounded<HttpListenerContext>();
        var resource = Pending;
        await using var speed = new ScriptedServer(context =>
            context.Request.RawUrl!.Contains("/logs", StringComparison.Ordinal)
                ? streams.Writer.WriteAsync(context, Now).AsTask()
                : ScriptedServer.SayAsync(context, 200, resource));
        await using var output = new StringWriter();
        var terminal =
            new Terminal(TextReader.Null, output, TextWriter.Null) { Environment = speed.Environment, Time = time };
        var following = CommandLine.RunAsync(["logs", "1", "--follow"], terminal, Now);

        for (var restart = 1; restart <= 3; restart++)
        {
            (await NextAsync()).Response.Abort();
        }

        resource = Succeeded;
        await ScriptedServer.SayAsync(await NextAsync(), 200, """{"n": 1, "text": "the last line"}""");
        await ScriptedServer.SayAsync(await NextAsync(), 200, "");
        Assert.Equal((0, "the last line\n"), (await following, output.ToString()));

        // The pauses before it pass, and then six minutes without a line.
        async Task<HttpListenerContext> NextAsync()
        {
            HttpListenerContext? next;
            while (!streams.Reader.TryRead(out next))
            {
                Assert.False(following.IsCompleted, "It gave up.");
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            time.Advance(TimeSpan.FromMinutes(6));
            return next;
        }
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_does_not_make_a_fault_of_a_deployment_that_succeeded()
    {
        await using var speed = new ScriptedServer(context => context.Request switch
        {
            { HttpMethod: "POST" } => ScriptedServer.SayAsync(context, 201, Pending),
            { RawUrl: var path } when path!.Contains("/logs", StringComparison.Ordinal) =>
                ScriptedServer.SayAsync(context, 500, """{"detail": "It cannot be read."}"""),
            _ => ScriptedServer.SayAsync(context, 200, Succeeded),
        });

        var run = await CliRun.RunAsync(speed.Environment, "", "deploy", Url);

        Assert.Equal((0, "Deployment 1 succeeded.\n"), (run.Code, run.Out));
        Assert.Contains("could not be followed to its end: It cannot be read.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_done_and_cannot_be_followed_is_no_refusal()
    {
        await using var app = await Keys.OpenAsync();
        var environment = CliRun.EnvironmentOf(app);
        environment["SPEED_TOKEN"] = await app.NewTokenAsync(["deploy"]);

        var deployed = await CliRun.RunAsync(environment, "", "deploy", Url);
        var claim = await app.ClaimAsync();
        var canceled = await CliRun.RunAsync(environment, "", "cancel", "1");
        await app.CancelAsync(claim);
        var retried = await CliRun.RunAsync(environment, "", "retry", "1");

        Assert.All([deployed, canceled, retried], run => Assert.Equal((3, ""), (run.Code, run.Out)));
        Assert.Contains(
            "Deployment 1 was started and goes on; it cannot be followed: ", deployed.Error, StringComparison.Ordinal);
        Assert.Contains("Deployment 1 is being canceled; ", canceled.Error, StringComparison.Ordinal);
        Assert.Contains("Deployment 2 was started and goes on; ", retried.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_output_that_cannot_be_written_is_not_taken_for_a_SPEED_that_is_away()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Url);
        await app.LogAsync(1, Act.Line(1, "a line"));
        await using var full = new FullWriter();
        await using var error = new StringWriter();
        var terminal = new Terminal(TextReader.Null, full, error) { Environment = CliRun.EnvironmentOf(app) };

        var code = await CommandLine.RunAsync(["logs", "1", "--follow"], terminal, Now)
            .WaitAsync(TimeSpan.FromMinutes(1), Now);

        Assert.Equal((3, "speed: The output cannot be written: No space left.\n"), (code, error.ToString()));
        Assert.Equal(1, full.Tries);
    }

    [Fact]
    public async Task What_nobody_foresaw_is_told_in_a_sentence()
    {
        await using var error = new StringWriter();
        await using var broken = new BrokenWriter();

        var code = await CommandLine.RunAsync(["--help"], new Terminal(TextReader.Null, broken, error), Now);

        Assert.Equal((3, "speed: InvalidOperationException: It is broken.\n"), (code, error.ToString()));
    }

    [Fact]
    public async Task A_token_file_without_a_name_is_refused()
    {
        var run = await CliRun.RunAsync([], "", "list", "--token-file", "");

        Assert.Equal((2, "speed: --token-file names no file.\n"), (run.Code, run.Error));
    }

    private sealed class FullWriter : StringWriter
    {
        public int Tries { get; private set; }

        public override void Write(string? value)
        {
            Tries++;
            throw new IOException("No space left.");
        }

        public override void WriteLine(string? value) => Write(value);
    }

    private sealed class BrokenWriter : StringWriter
    {
        public override void Write(char value) => throw new InvalidOperationException("It is broken.");

        public override void Write(string? value) => throw new InvalidOperationException("It is broken.");

        public override void WriteLine(string? value) => throw new InvalidOperationException("It is broken.");
    }
}
