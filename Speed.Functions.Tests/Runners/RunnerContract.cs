using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>What every runner keeps to, under every sandbox.</summary>
public abstract partial class RunnerContract(Sandbox sandbox)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_program_s_two_streams_arrive_apart_and_whole()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);

        var run = await world.RunAsync("echo out; echo err >&2; printf rest");

        Assert.Equal(new ContainerExit(0, false, false), run.Exit);
        Assert.Equal("out\nrest", run.Output.Stdout);
        Assert.Equal("err\n", run.Output.Stderr);
    }

    [Fact]
    public async Task An_exit_code_is_the_program_s_own()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);

        var run = await world.RunAsync("exit 3");

        Assert.Equal(new ContainerExit(3, false, false), run.Exit);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_program_that_takes_too_much_memory_is_said_to_have()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);

        var run = await world.RunAsync("exec tail /dev/zero");

        Assert.Equal(new ContainerExit(137, true, false), run.Exit);
    }

    [Fact]
    public async Task A_program_that_is_killed_otherwise_is_not_out_of_memory()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);

        var run = await world.RunAsync("kill -9 $$");

        Assert.Equal(new ContainerExit(137, false, false), run.Exit);
    }

    [Fact]
    public async Task A_million_lines_arrive_without_loss()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);

        var run = await world.RunAsync("seq 1 1000000");

        var lines = run.Output.Stdout.Split('\n');
        Assert.Equal(1_000_001, lines.Length);
        Assert.True(lines[..^1].Select((line, i) => line == $"{i + 1}").All(isNext => isNext));
    }

    [Fact]
    public async Task A_slow_reader_holds_the_program_back_and_loses_nothing()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var output = new Output();
        var deployment = world.NewScript("seq 1 2000000; echo written > /tmp/end; echo end >&2");
        await using var container = await world.Runner.CreateAsync(
            deployment, await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);
        await container.AttachAsync(TakeWhenOpenAsync, Token);

        await container.StartAsync(Token);
        var waiting = container.WaitAsync(Token);
        await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromSeconds(3), Token));
        var wasHeld = !waiting.IsCompleted;
        open.SetResult();
        var exit = await waiting;

        Assert.True(wasHeld);
        Assert.Equal(0, exit.Code);
        Assert.Equal("end\n", output.Stderr);
        Assert.EndsWith("\n2000000\n", output.Stdout, StringComparison.Ordinal);
        Assert.Equal(2_000_000, output.Stdout.Count(character => character == '\n'));

        async ValueTask TakeWhenOpenAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken token)
        {
            await open.Task.WaitAsync(token);
            await output.TakeAsync(stream, bytes, token);
        }
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(360_000)]
    public async Task A_program_that_ends_before_it_was_read_is_read_to_its_end(int lines)
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var output = new Output();
        await using var container = await world.Runner.CreateAsync(
            world.NewScript($"seq 1 {lines}"), await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);
        await container.AttachAsync(TakeWhenOpenAsync, Token);

        await container.StartAsync(Token);
        var waiting = container.WaitAsync(Token);
        await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromSeconds(6), Token));
        open.SetResult();
        await waiting;

        Assert.Equal(lines, output.Stdout.Count(character => character == '\n'));

        async ValueTask TakeWhenOpenAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken token)
        {
            await open.Task.WaitAsync(token);
            await output.TakeAsync(stream, bytes, token);
        }
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_is_told_with_the_way_out()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var deployment = world.NewDeployment(options => options with { Command = ["no-such-program"] });

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => world.RunAsync(deployment));

        Assert.Equal(FailureCode.ContainerStartFailed, failure.Code);
        Assert.Contains("no-such-program", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_stopped_program_gets_its_grace_to_tidy_up()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var (container, output) = await StartAsync(world, "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.1; done");

        await container.StopAsync(TimeSpan.FromSeconds(10), Token);
        var exit = await container.WaitAsync(Token);

        Assert.Equal(5, exit.Code);
        Assert.Equal("up\nbye\n", output.Stdout);
        await container.DisposeAsync();
    }

    [Fact]
    public async Task A_program_that_will_not_stop_is_killed_after_its_grace()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var (container, _) = await StartAsync(world, "trap '' TERM; echo up; while :; do sleep 0.1; done");

        await container.StopAsync(TimeSpan.FromSeconds(1), Token);
        await container.StopAsync(TimeSpan.FromSeconds(1), Token);

        Assert.Equal(new ContainerExit(137, false, false), await container.WaitAsync(Token));
        await container.DisposeAsync();
    }

    [Fact]
    public async Task Creating_twice_adopts_and_a_program_that_ended_is_not_run_again()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var deployment = world.NewScript("echo once");
        var image = await world.BusyboxAsync();
        await using var first = await world.Runner.CreateAsync(deployment, image, DeploymentSecrets.None, world.Log, Token);
        await using var second = await world.Runner.CreateAsync(deployment, image, DeploymentSecrets.None, world.Log, Token);
        var output = new Output();
        await second.AttachAsync(output.TakeAsync, Token);
        await second.StartAsync(Token);
        await second.WaitAsync(Token);

        await using var third = await world.Runner.CreateAsync(deployment, image, DeploymentSecrets.None, world.Log, Token);
        await third.StartAsync(Token);

        Assert.Equal(ContainerState.Created, first.State);
        Assert.Equal(ContainerState.Exited, third.State);
        Assert.Equal("once\n", output.Stdout);
        Assert.Single(await world.ListContainersAsync());
    }

    [Fact]
    public async Task A_container_is_found_again_and_removed_with_all_of_its_deployment()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var deployment = world.NewScript("echo up; sleep 100");
        Assert.Null(await world.Runner.FindAsync(deployment, world.Log, Token));
        var (container, _) = await StartAsync(world, deployment);
        await container.DisposeAsync();
        var again = deployment with { Attempt = 2 };
        await using var second = await world.Runner.CreateAsync(again, await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);
        var other = world.NewScript("true");
        await using var kept = await world.Runner.CreateAsync(other, await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);

        await using var found = await world.Runner.FindAsync(deployment, world.Log, Token);
        await world.Runner.RemoveAllAsync(deployment.Id, Token);
        await world.Runner.RemoveAllAsync(deployment.Id, Token);

        Assert.Equal(ContainerState.Running, found!.State);
        Assert.Single(await world.ListContainersAsync());
        Assert.Null(await world.Runner.FindAsync(deployment, world.Log, Token));
        Assert.NotNull(await world.Runner.FindAsync(other, world.Log, Token));
    }

    [Fact]
    public async Task A_container_that_someone_removed_is_lost_not_waited_for()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var (container, _) = await StartAsync(world, "echo up; sleep 100");

        var waiting = container.WaitAsync(Token);
        await container.RemoveAsync(Token);
        await container.RemoveAsync(Token);
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => waiting);

        Assert.Equal(FailureCode.ContainerLost, failure.Code);
        await container.DisposeAsync();
    }

    [Fact]
    public async Task The_program_knows_which_deployment_it_is()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var deployment = world.NewScript(
            "echo $SPEED_DEPLOYMENT_ID $SPEED_WORKER_ID $PYTHONUNBUFFERED $GREETING",
            options => options with { Env = new Dictionary<string, string> { ["GREETING"] = "a b=c" } });

        var run = await world.RunAsync(deployment);

        Assert.Equal($"{deployment.Id} {deployment.WorkerId} 1 a b=c\n", run.Output.Stdout);
    }

    [Fact]
    public async Task The_same_source_has_the_same_key_and_its_image_is_found_again()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var tree = new MemoryTree("FROM busybox\nRUN echo 1 > /one\n");
        var deployment = world.NewDeployment();

        var id = await world.BuildAsync(deployment, tree);
        var plan = await world.Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, world.Log, Token);
        var later = new MemoryTree("FROM busybox\nRUN echo 1 > /one\n") { Commit = new string('d', 40) };

        Assert.Matches("^[0-9a-f]{64}$", plan.Key);
        Assert.Equal(plan.Key, (await world.Runner.PlanAsync(world.NewDeployment(), later, DeploymentSecrets.None, world.Log, Token)).Key);
        Assert.True(await world.Runner.HasImageAsync(new ImageRecord(plan.Key, id), Token));
        Assert.False(await world.Runner.HasImageAsync(new ImageRecord(plan.Key, $"sha256:{new string('0', 64)}"), Token));
        Assert.False(await world.Runner.HasImageAsync(new ImageRecord(plan.Key, null), Token));
    }

    private static Task<(IContainer Container, Output Output)> StartAsync(DockerWorld world, string script) =>
        StartAsync(world, world.NewScript(script));

    /// <summary>Starts it, and waits for its first output.</summary>
    private static async Task<(IContainer Container, Output Output)> StartAsync(DockerWorld world, Deployment deployment)
    {
        var container = await world.Runner.CreateAsync(deployment, await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);
        var output = new Output();
        await container.AttachAsync(output.TakeAsync, Token);
        await container.StartAsync(Token);
        await output.Began.Task.WaitAsync(Token);
        return (container, output);
    }
}

/// <summary>Drives the real engine: the runner's contract in the standard sandbox.</summary>
public sealed class StandardDockerRunnerTests() : RunnerContract(Sandbox.Standard);

/// <summary>Drives the real engine: the runner's contract in the strict sandbox.</summary>
public sealed class StrictDockerRunnerTests() : RunnerContract(Sandbox.Strict);
