using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Chaos;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: an exit while it was away is not the program's.</summary>
public sealed class EngineRestartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_exit_while_the_engine_was_away_is_not_the_program_s(bool killed)
    {
        Assert.Null(OwnEngine.Hindrance);
        await using var engine = await OwnEngine.StartNewAsync();
        await using var world = await DockerWorld.CreateAsync(Sandbox.Strict, engine.Endpoint);
        var deployment = world.NewScript("trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done");
        await using var container = await world.Runner.CreateAsync(
            deployment, await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);
        var output = new Output();
        await container.AttachAsync(output.TakeAsync, Token);
        await container.StartAsync(Token);
        await output.Began.Task.WaitAsync(Token);

        var waiting = container.WaitAsync(Token);
        await (killed ? engine.KillAsync() : engine.TerminateAsync());
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => world.Runner.FindAsync(deployment, world.Log, Token));
        await engine.StartAsync();
        var exit = await waiting;

        Assert.Equal(FailureCode.DockerUnavailable, failure.Code);
        Assert.True(exit.EngineRestarted);
        Assert.False(exit.OutOfMemory);
        Assert.Equal("up\n", output.Stdout);
    }
}
