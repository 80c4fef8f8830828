using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>Says where a pending deployment stands in the queue and what it waits for.</summary>
public sealed class QueueView(
    IDeploymentStore store, WorkerState worker, DiskGuard disk, IOptions<DeploymentSettings> settings)
{
    /// <summary>Null unless the deployment is pending.</summary>
    public async Task<Waiting?> FindAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        if (deployment.Status != DeploymentStatus.Pending)
        {
            return null;
        }

        var ahead = await store.CountAheadAsync(deployment.Id, cancellationToken);
        return new Waiting(ahead + 1, Reason(ahead));
    }

    private string Reason(int ahead)
    {
        var running = worker.Running;
        var slots = settings.Value.MaxRunning;
        return (disk.Fault ?? worker.Fault, slots) switch
        {
            ({ } fault, _) => fault,
            (_, 0) => "Nothing is started: Speed__MaxRunning is 0.",
            _ when running.Count >= slots =>
                $"All {slots} slots are taken, by deployment {string.Join(", ", running)} (Speed__MaxRunning).",
            _ when ahead > 0 => $"{ahead} deployments came before.",
            _ => "It is about to start.",
        };
    }
}

/// <param name="Position">From 1.</param>
/// <param name="Reason">One sentence.</param>
public sealed record Waiting(int Position, string Reason);
