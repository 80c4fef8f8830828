using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>
/// Goes on asking a service that is up whether it is well, and has its log say when it no longer is, and when it is
/// again: once each. Nothing else follows from it.
/// </summary>
internal sealed partial class HealthWatch(TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Returns when <paramref name="over"/> is canceled, and before that where the service has no health check. Throws
    /// nothing: a service is not to end because it could not be asked.
    /// </summary>
    public async Task WatchAsync(Life life, IContainer container, CancellationToken over)
    {
        try
        {
            await AskOnAsync(life, container, over);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // It has ended, or SPEED ends.
        }
        catch (Exception fault)
        {
            NotWatched(life.Deployment.Id, fault);
        }
    }

    private async Task AskOnAsync(Life life, IContainer container, CancellationToken over)
    {
        var health = life.Deployment.Options.Health;
        var isByHttp = health?.Path is not null;
        var pause = isByHttp ? TimeSpan.FromSeconds(health!.IntervalSeconds) : AskAgainAfter;
        // The engine counts by itself before it gives up.
        var failuresToTell = isByHttp ? HealthOption.FailuresInARow : 1;
        var failures = 0;
        while (true)
        {
            await Task.Delay(pause, time, over);
            if (await AskAsync(container, over) is not { } answer)
            {
                continue;
            }

            if (health is null && !answer.IsConclusive)
            {
                // There is no health check: a port that takes connections tells of its start, and of no more.
                return;
            }

            if (answer.IsHealthy && failures >= failuresToTell)
            {
                await life.Log.SayAsync("Healthy again.", over);
            }

            failures = answer.IsHealthy ? 0 : failures + 1;
            if (failures == failuresToTell)
            {
                await life.Log.SayAsync($"No longer healthy: {answer.Answer}", over);
            }
        }
    }

    // Null where the engine is away or the container gone: who waits for the exit hears of that.
    private static async Task<ProbeAnswer?> AskAsync(IContainer container, CancellationToken over)
    {
        try
        {
            return await container.ProbeAsync(over);
        }
        catch (DeploymentFailedException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error, "Deployment {Id} is up, and its health is no longer watched")]
    private partial void NotWatched(long id, Exception fault);
}
