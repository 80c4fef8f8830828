using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>Says where pending deployments stand in the queue, what they wait for, and when they may start.</summary>
public sealed class QueueView(
    IDeploymentStore store, WorkerState worker, DiskGuard disk, IOptions<DeploymentSettings> settings, TimeProvider time)
{
    /// <summary>Beyond so many waiting, nothing is foreseen.</summary>
    private const int Foreseen = 1_000;

    /// <summary>By id, of those among the given deployments that are pending.</summary>
    public async Task<IReadOnlyDictionary<long, Waiting>> FindAsync(
        IEnumerable<Deployment> deployments, CancellationToken cancellationToken)
    {
        var ids = deployments.Where(deployment => deployment.Status == DeploymentStatus.Pending)
            .Select(deployment => deployment.Id).ToHashSet();
        if (ids.Count == 0)
        {
            return new Dictionary<long, Waiting>();
        }

        var queue = await ReadAsync(cancellationToken);
        var found = queue.Waiting.Where(entry => ids.Contains(entry.Deployment.Id))
            .ToDictionary(entry => entry.Deployment.Id, entry => entry.Waiting);
        var others = ids.Where(id => !found.ContainsKey(id)).ToList();
        if (others.Count > 0)
        {
            foreach (var (id, ahead) in await store.CountAheadAsync(others, cancellationToken))
            {
                found.Add(id, new Waiting(ahead + 1, Reason(ahead), EtaAt: null));
            }
        }

        return found;
    }

    /// <summary>The queue from its head; of a long one the first thousand.</summary>
    public async Task<QueueState> ReadAsync(CancellationToken cancellationToken)
    {
        var queue = await store.ReadQueueAsync(Foreseen, cancellationToken);
        var running = queue.Where(entry => entry.Status == DeploymentStatus.Running).ToList();
        var waiting = queue.Where(entry => entry.Status == DeploymentStatus.Pending).ToList();
        var most = settings.Value.MaxRunningPerToken;
        var shares = new SlotShares(running, most);
        var starts = Fault is null
            ? QueueForecast.Of(running, waiting, settings.Value.MaxRunning, most, time.GetUtcNow())
            : new Dictionary<long, DateTimeOffset>();
        return new QueueState(running, [.. waiting.Select((entry, ahead) => (entry, WaitingOf(entry, ahead)))]);

        Waiting WaitingOf(QueuedDeployment entry, int ahead) =>
            new(ahead + 1, Reason(ahead, shares.MayStart(entry)), starts.TryGetValue(entry.Id, out var start) ? start : null);
    }

    private string? Fault => disk.Fault ?? worker.Fault
        ?? (settings.Value.MaxRunning == 0 ? "Nothing is started: Speed__MaxRunning is 0." : null);

    // Of one far behind nobody has looked whether its token may have another slot.
    private string Reason(int ahead, bool mayStart = true)
    {
        var running = worker.Running;
        var slots = settings.Value.MaxRunning;
        return Fault switch
        {
            { } fault => fault,
            _ when !mayStart =>
                $"Its token has {settings.Value.MaxRunningPerToken} at work, as many as one may (Speed__MaxRunningPerToken).",
            _ when running.Count >= slots =>
                $"All {slots} slots are taken (Speed__MaxRunning); GET /v1/queue lists by which, as far as one may see them.",
            _ when ahead > 0 => $"{ahead} deployments came before.",
            _ => "It is about to start.",
        };
    }
}

/// <summary>Who holds a slot, and who waits for one, in order.</summary>
public sealed record QueueState(
    IReadOnlyList<QueuedDeployment> Running, IReadOnlyList<(QueuedDeployment Deployment, Waiting Waiting)> Waiting);

/// <param name="Position">From 1.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="EtaAt">When it may start, as far as its like tell; null where they do not.</param>
public sealed record Waiting(int Position, string Reason, DateTimeOffset? EtaAt);
