using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Gathers what the resource shows of a deployment beside its row.</summary>
public sealed class ResourceReader(ILogStore logs, QueueView queue)
{
    internal async Task<DeploymentResource> ReadAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        var log = deployment.Status == DeploymentStatus.Pending
            ? LogSummary.Empty
            : await logs.SummarizeAsync(deployment.Id, cancellationToken);
        var neverWritten = deployment.LogClosedAt is not null && log.Sha256 is null;
        return DeploymentResource.Of(
            deployment,
            await queue.FindAsync(deployment, cancellationToken),
            neverWritten ? LogSummary.ClosedEmpty : log);
    }
}
