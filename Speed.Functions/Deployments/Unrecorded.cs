namespace Speed.Deployments;

/// <summary>
/// What this instance has on the engine without a record of it: what came after the backup that was restored. No
/// clean-up removes it; somebody has to say so.
/// </summary>
public sealed class Unrecorded(IDeploymentStore store, IRunner runner)
{
    private const string NoRecord = "no record tells of it: it came after the backup that was restored";

    /// <summary>All there is. Empty where the engine does not answer.</summary>
    public async Task<IReadOnlyList<GcItem>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await FindAsync(cancellationToken)).Select(found => found.Item)];

    /// <summary>Removes it, and gives what is gone: an image stays while a container uses it.</summary>
    public async Task<IReadOnlyList<GcItem>> RemoveAsync(CancellationToken cancellationToken)
    {
        List<GcItem> gone = [];
        foreach (var (item, remove) in await FindAsync(cancellationToken))
        {
            if (await remove(cancellationToken))
            {
                gone.Add(item);
            }
        }

        return gone;
    }

    // Containers first: they use images.
    private async Task<IReadOnlyList<Found>> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            return [.. await FindContainersAsync(cancellationToken), .. await FindImagesAsync(cancellationToken)];
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            // The doctor says that of the engine itself.
            return [];
        }
    }

    private async Task<List<Found>> FindContainersAsync(CancellationToken cancellationToken)
    {
        List<Found> found = [];
        foreach (var container in await runner.ListContainersAsync(cancellationToken))
        {
            var deployment = await store.FindAsync(container.DeploymentId, cancellationToken);
            if (container.StandingUnder(deployment) == ContainerStanding.Unrecorded)
            {
                var reason = $"attempt {container.Attempt} of deployment {container.DeploymentId}: {NoRecord}";
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

    private async Task<List<Found>> FindImagesAsync(CancellationToken cancellationToken)
    {
        List<Found> found = [];
        foreach (var image in await runner.ListImagesAsync(cancellationToken))
        {
            if (!await IsRecordedAsync(image, cancellationToken))
            {
                found.Add(new Found(
                    new GcItem(GcKind.Image, image.Id, NoRecord, image.Bytes),
                    token => runner.RemoveImageAsync(new UnneededImage(image.Id, image.Keys, 0), token)));
            }
        }

        return found;
    }

    // A build under way has its record before its image is tagged.
    private async Task<bool> IsRecordedAsync(OwnImage image, CancellationToken cancellationToken)
    {
        foreach (var key in image.Keys)
        {
            if (await store.FindImageAsync(key, cancellationToken) is not null)
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Found(GcItem Item, Func<CancellationToken, Task<bool>> RemoveAsync);
}
