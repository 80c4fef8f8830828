using System.Globalization;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>
/// Decides what is kept and for how long. Never touched: what an unfinished deployment has or uses, what SPEED did not
/// make, and what it has no record of (<see cref="Unrecorded"/>).
/// </summary>
public sealed class Retention(
    IDeploymentStore store,
    ILogStore logs,
    IRunner runner,
    Images images,
    DiskGuard disk,
    TimeProvider time,
    IOptions<DeploymentSettings> settings) : IDisposable
{
    private const int KeptLogs = 10;
    private const int MostOfAKind = 1_000;

    private readonly SemaphoreSlim _gate = new(1);

    // Of each repository and branch. For want of room a retry of an older one has to build again.
    private int KeptImages => disk.Level == DiskLevel.Enough ? 3 : 1;

    /// <summary>What would be removed now: at most a thousand of a kind.</summary>
    public async Task<IReadOnlyList<GcItem>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await FindAsync(cancellationToken)).Select(found => found.Item)];

    /// <summary>Removes it, and gives what is gone.</summary>
    public async Task<IReadOnlyList<GcItem>> CollectAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            List<GcItem> gone = [];
            foreach (var (item, remove) in await FindAsync(cancellationToken))
            {
                if (await remove(cancellationToken))
                {
                    gone.Add(item);
                }
            }

            await logs.ShrinkAsync(cancellationToken);
            return gone;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<IEnumerable<Found>> FindAsync(CancellationToken cancellationToken) =>
    [
        .. await FindOnEngineAsync(FindContainersAsync, cancellationToken),
        .. await FindOnEngineAsync(FindCachesAsync, cancellationToken),
        .. await FindOnEngineAsync(FindImagesAsync, cancellationToken),
        .. await FindLogsAsync(cancellationToken),
        .. await FindRecordsAsync(cancellationToken),
    ];

    private static async Task<IReadOnlyList<Found>> FindOnEngineAsync(
        Func<CancellationToken, Task<List<Found>>> find, CancellationToken cancellationToken)
    {
        try
        {
            return await find(cancellationToken);
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            // Without an engine there is nothing to remove from it; logs and records may go all the same.
            return [];
        }
    }

    private async Task<List<Found>> FindContainersAsync(CancellationToken cancellationToken)
    {
        List<Found> found = [];
        foreach (var container in (await runner.ListContainersAsync(cancellationToken)).Take(MostOfAKind))
        {
            var deployment = await store.FindAsync(container.DeploymentId, cancellationToken);
            if (container.StandingUnder(deployment) == ContainerStanding.Leftover)
            {
                var reason = $"left by deployment {container.DeploymentId}, which has ended";
                found.Add(new Found(new GcItem(GcKind.Container, container.Name, reason, null), RemoveAsync));
            }

            async Task<bool> RemoveAsync(CancellationToken cancellationToken)
            {
                await runner.RemoveAsync(container, cancellationToken);
                return true;
            }
        }

        return found;
    }

    // Only for want of room: without them builds take longer.
    private async Task<List<Found>> FindCachesAsync(CancellationToken cancellationToken) =>
        disk.Level == DiskLevel.Enough
            ? []
            : [
                .. (await runner.ListCachesAsync(cancellationToken)).Take(MostOfAKind).Select(cache => new Found(
                    new GcItem(GcKind.Cache, cache.Id, "kept for later builds; removed for want of room on the disk", cache.Bytes),
                    token => runner.RemoveCacheAsync(cache, token))),
            ];

    private async Task<List<Found>> FindImagesAsync(CancellationToken cancellationToken)
    {
        List<Found> found = [];
        var kept = KeptImages;
        foreach (var image in await store.ListUnneededImagesAsync(kept, MostOfAKind, cancellationToken))
        {
            var bytes = await runner.MeasureImageAsync(image.ImageId, cancellationToken);
            var reason = $"last used by deployment {image.LastUsedBy}, and not {(kept > 1 ? $"among the last {kept}" : "the last")} "
                + "of any repository and branch";
            found.Add(new Found(
                new GcItem(GcKind.Image, image.ImageId, reason, bytes ?? 0),
                token => images.RemoveAsync(image, kept, token)));
        }

        return found;
    }

    private async Task<List<Found>> FindLogsAsync(CancellationToken cancellationToken)
    {
        // For want of room, age no longer counts: the oldest go until there is enough. The last ones stay even then.
        var days = settings.Value.LogDays;
        var old = time.GetUtcNow().AddDays(-days);
        var wanted = disk.DataLevel == DiskLevel.Enough ? 0 : disk.MissingBytes;
        var closed = await logs.ListClosedAsync(wanted > 0 ? DateTimeOffset.MaxValue : old, cancellationToken);
        var ids = closed.Select(log => log.DeploymentId).ToArray();
        var removable = (await store.PickBeyondLatestAsync(ids, KeptLogs, cancellationToken)).ToHashSet();

        List<Found> found = [];
        foreach (var log in closed.Where(log => removable.Contains(log.DeploymentId)).Take(MostOfAKind))
        {
            var isOld = log.ClosedAt < old;
            if (!isOld && wanted <= 0)
            {
                break;
            }

            wanted -= log.Bytes;
            var why = isOld ? $"older than {days} days" : "removed for want of room on the disk";
            found.Add(new Found(
                new GcItem(
                    GcKind.Log, Number(log.DeploymentId),
                    $"{why}, and not among the last {KeptLogs} of its repository and branch", log.Bytes),
                token => logs.RemoveLinesAsync(log.DeploymentId, why, token)));
        }

        return found;
    }

    private async Task<List<Found>> FindRecordsAsync(CancellationToken cancellationToken)
    {
        var days = settings.Value.RecordDays;
        if (days == 0)
        {
            return [];
        }

        var ended = await store.ListEndedAsync(time.GetUtcNow().AddDays(-days), MostOfAKind, cancellationToken);
        return
        [
            .. ended.Select(one => new Found(
                new GcItem(GcKind.Record, Number(one.Id), $"ended more than {days} days ago", null),
                token => RemoveRecordAsync(one.Id, token))),
        ];
    }

    private async Task<bool> RemoveRecordAsync(long id, CancellationToken cancellationToken)
    {
        // The record first: a record without its log would claim that there never was one.
        if (!await store.DeleteAsync(id, cancellationToken))
        {
            return false;
        }

        await logs.ForgetAsync(id, cancellationToken);
        return true;
    }

    private static string Number(long id) => id.ToString(CultureInfo.InvariantCulture);

    private sealed record Found(GcItem Item, Func<CancellationToken, Task<bool>> RemoveAsync);
}
