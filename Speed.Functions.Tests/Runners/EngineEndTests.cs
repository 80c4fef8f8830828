using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real HTTP: a scripted engine that ends, or does not answer, for the real one's race is short.</summary>
public sealed class EngineEndTests
{
    private const string CreatedContainer =
        """
        {
            "Id": "c1",
            "Name": "/speed-0123456789ab-1-1",
            "Config": {
                "Labels": { "speed.instance": "0123456789ab", "speed.deployment": "1", "speed.attempt": "1" }
            },
            "State": { "Status": "created" }
        }
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("failed to update store for object type *libnetwork.endpoint: open : no such file or directory")]
    [InlineData("executor failed running [/bin/sh -c make]: exit code: 137")]
    [InlineData("executor failed running [/bin/sh -c make]: exit code: 1")]
    public async Task What_fails_because_the_engine_ends_is_not_the_deployment_s_fault(string reason)
    {
        foreach (var ends in new[] { true, false })
        {
            await using var engine = await StartAsync(reason, ends);

            var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
                () => engine.BuildAsync("FROM busybox\nRUN make\n", new RecordedLog()));

            Assert.Equal(ends, failure.Code == FailureCode.DockerUnavailable);
        }
    }

    [Theory]
    [InlineData(true, FailureCode.DockerUnavailable)]
    [InlineData(false, FailureCode.ContainerStartFailed)]
    public async Task A_start_that_fails_because_the_engine_ends_is_not_the_deployment_s_fault(
        bool ends, FailureCode expected)
    {
        await using var engine = await StartAsync("failed to update store", ends);
        await using var runner = engine.NewRunner();
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var container = await runner.FindAsync(SomeDeployment.Of(1), log, Token);

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => container!.StartAsync(Token));

        Assert.Equal(expected, failure.Code);
    }

    [Theory]
    [InlineData(127, "/archive", true)]
    [InlineData(127, "/archive", false)]
    [InlineData(126, "/archive", true)]
    public async Task How_a_program_ended_counts_though_the_engine_ends_while_its_file_is_looked_at(
        int exitCode, string asked, bool breaks)
    {
        var exited = CreatedContainer.Replace(
            "\"Status\": \"created\"", $"\"Status\": \"exited\", \"ExitCode\": {exitCode}", StringComparison.Ordinal)
            .Replace("\"Id\": \"c1\",", "\"Id\": \"c1\", \"Path\": \"/start\", \"Args\": [],", StringComparison.Ordinal);
        var looked = 0;
        await using var engine = await ScriptedEngine.StartAsync(async context =>
        {
            if (!ScriptedEngine.Asks(context, asked))
            {
                await ScriptedEngine.SayAsync(context, exited);
                return;
            }

            looked++;
            if (breaks)
            {
                context.Abort();
                return;
            }

            await ScriptedEngine.SayAsync(context, """{"message": "on its way down"}""", 500);
        });
        await using var runner = engine.NewRunner();
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var container = await runner.FindAsync(SomeDeployment.Of(1), log, Token);

        var exit = await container!.WaitAsync(Token);

        Assert.True(looked > 0);
        Assert.Equal((exitCode, null), (exit.Code, exit.Program));
    }

    [Theory]
    [InlineData("oom", true)]
    [InlineData("die", false)]
    public async Task That_memory_ran_out_may_reach_the_engine_after_the_exit(string happened, bool expected)
    {
        var exited = CreatedContainer.Replace(
            "\"Status\": \"created\"", "\"Status\": \"exited\", \"ExitCode\": 137, \"OOMKilled\": false", StringComparison.Ordinal);
        await using var engine = await ScriptedEngine.StartAsync(context => ScriptedEngine.SayAsync(
            context,
            ScriptedEngine.Asks(context, "/events") ? EventOf("start") + EventOf(happened)
            : ScriptedEngine.Asks(context, "/info") ? """{ "SystemTime": "2026-01-02T03:04:05Z" }"""
            : exited));
        await using var runner = engine.NewRunner();
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var container = await runner.FindAsync(SomeDeployment.Of(1), log, Token);

        var exit = await container!.WaitAsync(Token);

        Assert.Equal((137, expected), (exit.Code, exit.OutOfMemory));
    }

    [Fact]
    public async Task An_engine_that_goes_away_when_it_is_asked_whether_memory_ran_out_blames_nobody()
    {
        var exited = CreatedContainer.Replace(
            "\"Status\": \"created\"", "\"Status\": \"exited\", \"ExitCode\": 137, \"OOMKilled\": false", StringComparison.Ordinal);
        await using var engine = await ScriptedEngine.StartAsync(context => ScriptedEngine.Asks(context, "/info")
            ? ScriptedEngine.SayAsync(context, """{"message": "stopping"}""", StatusCodes.Status500InternalServerError)
            : ScriptedEngine.SayAsync(context, ScriptedEngine.Asks(context, "/events") ? "" : exited));
        await using var runner = engine.NewRunner();
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var container = await runner.FindAsync(SomeDeployment.Of(1), log, Token);

        var exit = await container!.WaitAsync(Token);

        Assert.Equal(new ContainerExit(137, OutOfMemory: false, EngineRestarted: true), exit);
    }

    [Theory]
    [InlineData(true, FailureCode.DockerUnavailable)]
    [InlineData(false, FailureCode.BaseImageUnavailable)]
    public async Task A_registry_that_is_asked_while_the_engine_ends_has_refused_nothing(bool ends, FailureCode expected)
    {
        await using var engine = await StartAsync("cannot get what was asked for", ends);

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => ResolveAsync(engine, TimeProvider.System));

        Assert.Equal(expected, failure.Code);
    }

    [Fact]
    public async Task A_registry_that_does_not_answer_is_given_up_after_thirty_seconds()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = await ScriptedEngine.StartAsync(async context =>
        {
            if (!context.Request.Path.StartsWithSegments("/distribution", StringComparison.Ordinal))
            {
                await ScriptedEngine.SayAsync(context, CreatedContainer);
                return;
            }

            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        });
        var resolving = ResolveAsync(engine, time);
        await asked.Task.WaitAsync(Token);

        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(resolving.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => resolving.WaitAsync(TimeSpan.FromSeconds(20), Token));
        Assert.Contains("it did not answer in 30 seconds", failure.Message, StringComparison.Ordinal);
    }

    private static string EventOf(string what) => $$"""{ "Action": "{{what}}", "Actor": { "ID": "c1" } }{{"\n"}}""";

    private static async Task ResolveAsync(ScriptedEngine engine, TimeProvider time)
    {
        using var docker = new DockerConnection(engine.Endpoint);
        var images = new BaseImages(
            docker, new Registries(docker, new RegistryRules(["r.example"], logins: "/nowhere/config.json"), time),
            new LocalImages([]), NamedStore.Create(ScriptedEngine.Instance));
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var asker = new ImageAsker(SomeDeployment.Of(1).Identity, [], Anew: false, log);
        await images.ResolveAsync(new ImageName("r.example/base:1", 1, null), asker, Token);
    }

    // Fails builds, starts and questions to registries; of containers and images it has one.
    private static async Task<ScriptedEngine> StartAsync(string reason, bool ends)
    {
        ScriptedEngine? engine = null;
        return engine = await ScriptedEngine.StartAsync(async context =>
        {
            var (isBuild, isStart) = (ScriptedEngine.Asks(context, "/build"), ScriptedEngine.Asks(context, "/start"));
            var isQuestion = context.Request.Path.StartsWithSegments("/distribution", StringComparison.Ordinal);
            await context.Request.Body.CopyToAsync(Stream.Null, Token);
            if (ends && (isBuild || isStart || isQuestion))
            {
                engine!.TakeNoMore();
            }

            await (isBuild
                ? ScriptedEngine.SayAsync(context, JsonSerializer.Serialize(new { error = reason, errorDetail = new { message = reason } }))
                : isStart || isQuestion
                    ? ScriptedEngine.SayAsync(context, JsonSerializer.Serialize(new { message = reason }), StatusCodes.Status500InternalServerError)
                    : ScriptedEngine.SayAsync(context, CreatedContainer));
        });
    }
}
