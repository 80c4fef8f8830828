using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>
/// Goes on asking a service that is up whether it is well. When it no longer is, and when it is again, that is recorded,
/// and its log says so: once each, for the record tells a SPEED that was started anew. What follows from it is the
/// deployment's to say.
/// </summary>
internal sealed partial class HealthWatch(IServiceStore services, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    // For the engine's part. The service's has `timeout_s`, and what it does not answer within that is an answer, too.
    private static readonly TimeSpan EngineLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Gives what the check answered of a service that is to be started again for that, at once. Else null: when
    /// <paramref name="over"/> is canceled, and before that where the service has no health check. Throws nothing: a service is
    /// not to end because it could not be asked.
    /// </summary>
    public async Task<string?> WatchAsync(
        Deployment deployment, DeploymentLog log, IContainer container, CancellationToken over)
    {
        try
        {
            return await AskOnAsync(deployment, log, container, over);
        }
        catch (Exception) when (over.IsCancellationRequested)
        {
            // It has ended, or SPEED ends.
        }
        catch (Exception fault)
        {
            NotWatched(deployment.Id, fault);
        }

        return null;
    }

    private async Task<string?> AskOnAsync(
        Deployment deployment, DeploymentLog log, IContainer container, CancellationToken over)
    {
        var health = deployment.Options.Health;
        var isByHttp = health?.Path is not null;
        var pause = isByHttp ? TimeSpan.FromSeconds(health!.IntervalSeconds) : AskAgainAfter;
        var limit = EngineLimit + TimeSpan.FromSeconds(health?.TimeoutSeconds ?? 0);
        // The engine counts by itself before it gives up.
        var failuresToTell = isByHttp ? HealthOption.FailuresInARow : 1;
        var (failures, couldAsk, isIll) = (0, true, deployment.Unhealthy is not null);
        while (true)
        {
            await Task.Delay(pause, time, over);
            var (found, fault) = await AskAsync(container, limit, over);
            if (fault is not null && couldAsk)
            {
                NotAsked(deployment.Id, fault);
            }

            couldAsk = fault is null && (couldAsk || found is not null);
            if (found is not { IsPending: false } answer)
            {
                continue;
            }

            if (health is null && !answer.IsConclusive)
            {
                // There is no health check: a port that takes connections tells of its start, and of no more.
                return null;
            }

            failures = answer.IsHealthy ? 0 : failures + 1;
            if (answer.IsHealthy && isIll && await RecordAsync(deployment, null, over))
            {
                isIll = false;
                await log.SayAsync("Healthy again.", over);
            }
            else if (failures >= failuresToTell && !isIll
                && await RecordAsync(deployment, log.Masker.Mask(answer.Answer), over))
            {
                isIll = true;
                await log.SayAsync($"No longer healthy: {answer.Answer}", over);
            }

            if (isIll && failures >= failuresToTell && deployment.Options.OnUnhealthy == UnhealthyRule.Restart)
            {
                return answer.Answer;
            }
        }
    }

    // False where something else is asked of it by now: whoever watches that is about to end this.
    private Task<bool> RecordAsync(Deployment deployment, string? unhealthy, CancellationToken over) =>
        Retry.UntilDoneAsync(() => services.RecordHealthAsync(deployment.Claim, unhealthy, over), time, over);

    // Neither where the engine is away or the container gone: who waits for the exit hears of that.
    private async Task<(ProbeAnswer? Answer, Exception? Fault)> AskAsync(
        IContainer container, TimeSpan limit, CancellationToken over)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, over);
        try
        {
            return (await container.ProbeAsync(isUp: true, either.Token), null);
        }
        catch (DeploymentFailedException)
        {
            return (null, null);
        }
        catch (Exception fault) when (!over.IsCancellationRequested)
        {
            return (null, fault);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Deployment {Id} is up, and could not be asked whether it is well; asking goes on")]
    private partial void NotAsked(long id, Exception fault);

    [LoggerMessage(LogLevel.Error, "Deployment {Id} is up, and its health is no longer watched")]
    private partial void NotWatched(long id, Exception fault);
}
