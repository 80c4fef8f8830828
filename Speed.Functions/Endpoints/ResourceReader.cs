using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Gathers what the resource shows of a deployment beside its row.</summary>
public sealed class ResourceReader(ILogStore logs, QueueView queue)
{
    internal async Task<DeploymentResource> ReadAsync(Deployment deployment, CancellationToken cancellationToken) =>
        (await ReadAsync([deployment], cancellationToken))[0];

    /// <summary>In the order given, with one look at the logs and one at the queue for all of them.</summary>
    internal async Task<IReadOnlyList<DeploymentResource>> ReadAsync(
        IReadOnlyList<Deployment> deployments, CancellationToken cancellationToken)
    {
        // One that waits has no log: not even where its log is there by now, as it is shown as it was then.
        var begun = deployments.Where(deployment => deployment.Status != DeploymentStatus.Pending)
            .Select(deployment => deployment.Id).ToList();
        var summaries = await logs.SummarizeAsync(begun, cancellationToken);
        var waiting = await queue.FindAsync(deployments, cancellationToken);
        return [.. deployments.Select(deployment => DeploymentResource.Of(
            deployment, waiting.GetValueOrDefault(deployment.Id), LogOf(deployment, summaries)))];
    }

    private static LogSummary LogOf(Deployment deployment, IReadOnlyDictionary<long, LogSummary> summaries)
    {
        var log = summaries.GetValueOrDefault(deployment.Id, LogSummary.Empty);
        return deployment.LogClosedAt is not null && log.Sha256 is null ? LogSummary.ClosedEmpty : log;
    }
}
