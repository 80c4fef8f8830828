using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>What a worker does with a deployment, done by the test on an app that starts nothing.</summary>
internal static class Act
{
    public static readonly string Commit = new('c', 40);

    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>Claims the oldest one that waits, once one does.</summary>
    public static async Task<Claim> ClaimAsync(this SpeedApp app)
    {
        var (store, bell) = (app.Store(), app.Services.GetRequiredService<Bell>());
        while (true)
        {
            var ring = bell.Next(Bell.Queue);
            if (await store.ClaimNextAsync("worker", Now) is { } claimed)
            {
                await store.RecordCommitAsync(claimed.Claim, "trunk", Commit, Now);
                return claimed.Claim;
            }

            await ring.WaitAsync(Now);
        }
    }

    public static async Task LogAsync(this SpeedApp app, long id, params LogLine[] lines)
    {
        var logs = app.Services.GetRequiredService<ILogStore>();
        await logs.OpenAsync(id, Now);
        await logs.AppendAsync(id, new LogChunk(lines, 0), Now);
    }

    public static LogLine Line(long n, string text, LogStream stream = LogStream.Stdout, bool continues = false) =>
        new(n, At, DeploymentPhase.Run, stream, text, continues);

    /// <summary>Brings a service up at these ports.</summary>
    public static async Task BecomeUpAsync(this SpeedApp app, Claim claim, params int[] ports)
    {
        var store = app.Store();
        var services = Assert.IsType<IServiceStore>(store, exactMatch: false);
        await store.EnterPhaseAsync(claim, DeploymentPhase.Build, Now);
        await store.RecordImageAsync(claim, $"sha256:{new string('b', 64)}", Now);
        await store.EnterPhaseAsync(claim, DeploymentPhase.Run, Now);
        await services.RecordKindAsync(
            claim, DeploymentKind.Service, [.. ports.Select((port, at) => new PublishedPort(8080 + at, port))], Now);
        Assert.True(await store.AskStartAsync(claim, Now));
        Assert.Equal(UpOutcome.Up, await services.BecomeUpAsync(claim, Now));
    }

    public static async Task SucceedAsync(this SpeedApp app, Claim claim)
    {
        await app.Services.GetRequiredService<ILogStore>().CloseAsync(claim.Id, Now);
        Assert.True(await app.Store().SettleAsync(
            claim,
            new Settlement(DeploymentStatus.Succeeded, null, 0, [new NewResult(ResultSource.Stdout, "42")]),
            Now));
    }

    public static async Task FailAsync(this SpeedApp app, Claim claim)
    {
        var failure = new Failure(FailureCode.BuildFailed, DeploymentPhase.Build, 1, "It failed.", "Mend it.", 5);
        await app.Services.GetRequiredService<ILogStore>().CloseAsync(claim.Id, Now);
        Assert.True(
            await app.Store().SettleAsync(claim, new Settlement(DeploymentStatus.Failed, failure, null, []), Now));
    }

    /// <summary>As after a cancel request.</summary>
    public static async Task CancelAsync(this SpeedApp app, Claim claim)
    {
        var failure = new Failure(FailureCode.Canceled, DeploymentPhase.Clone, null, "It was canceled.", null, null);
        await app.Services.GetRequiredService<ILogStore>().CloseAsync(claim.Id, Now);
        Assert.True(
            await app.Store().SettleAsync(claim, new Settlement(DeploymentStatus.Canceled, failure, null, []), Now));
    }

    public static IDeploymentStore Store(this SpeedApp app) => app.Services.GetRequiredService<IDeploymentStore>();
}
