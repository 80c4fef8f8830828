using System.Collections.Concurrent;

namespace Speed.Deployments;

/// <summary>Gives the image of a deployment: the one that was built from the same things before, or a new one.</summary>
public sealed class Images(IDeploymentStore store, IRunner runner, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _building = new();

    /// <summary>
    /// Two deployments that need the same image do not build it twice: the second waits and finds it. Nobody removes
    /// it before <paramref name="record"/> has noted who uses it.
    /// </summary>
    public async Task<string> UseAsync(
        BuildPlan plan, ISourceTree source, DeploymentLog log, Func<string, Task> record,
        CancellationToken cancellationToken)
    {
        var gate = GateOf(plan.Key);
        await gate.WaitAsync(cancellationToken);
        try
        {
            var found = await FindAsync(plan, plan.Key, log, cancellationToken);
            if (found is null && await UseFormerAsync(plan, log, record, cancellationToken) is { } former)
            {
                return former;
            }

            var imageId = found ?? await BuildAsync(plan, source, log, cancellationToken);
            await record(imageId);
            return imageId;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>
    /// Uses an image again as it is. False where it is no longer kept; then nothing was recorded. Nobody removes it
    /// before <paramref name="record"/> has noted who uses it.
    /// </summary>
    public async Task<bool> UseAgainAsync(string imageId, Func<Task> record, CancellationToken cancellationToken)
    {
        if (await store.ListKeysOfImageAsync(imageId, cancellationToken) is not [var key, ..])
        {
            return false;
        }

        // Whoever removes it holds the gates of all its keys.
        var gate = GateOf(key);
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!await runner.HasImageAsync(new ImageRecord(key, imageId), cancellationToken))
            {
                return false;
            }

            await record();
            return true;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>
    /// Removes an image that nobody needs. False, and nothing is done, if somebody does by now: a build of it is under
    /// way, a deployment came to use it, or a container does.
    /// </summary>
    public async Task<bool> RemoveAsync(UnneededImage image, int keep, CancellationToken cancellationToken)
    {
        List<SemaphoreSlim> held = [];
        try
        {
            foreach (var gate in image.Keys.Select(GateOf))
            {
                if (!await gate.WaitAsync(TimeSpan.Zero, cancellationToken))
                {
                    return false;
                }

                held.Add(gate);
            }

            // Asked again, now that nobody can come to use it.
            var unneeded = await store.ListUnneededImagesAsync(keep, int.MaxValue, cancellationToken);
            if (!unneeded.Any(one => one.ImageId == image.ImageId && one.Keys.SequenceEqual(image.Keys))
                || !await runner.RemoveImageAsync(image, cancellationToken))
            {
                return false;
            }

            await store.ForgetImageAsync(image.ImageId, cancellationToken);
            return true;
        }
        finally
        {
            held.ForEach(gate => gate.Release());
        }
    }

    // One small entry for each image of this process's life.
    private SemaphoreSlim GateOf(string key) => _building.GetOrAdd(key, _ => new SemaphoreSlim(1));

    // Under its own gate, for whoever removes an image holds the gates of the keys that it has, and no others.
    private async Task<string?> UseFormerAsync(
        BuildPlan plan, DeploymentLog log, Func<string, Task> record, CancellationToken cancellationToken)
    {
        if (plan.FormerKey is not { } key)
        {
            return null;
        }

        var gate = GateOf(key);
        await gate.WaitAsync(cancellationToken);
        try
        {
            var imageId = await FindAsync(plan, key, log, cancellationToken);
            if (imageId is not null)
            {
                await record(imageId);
            }

            return imageId;
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<string?> FindAsync(
        BuildPlan plan, string key, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (plan.Deployment.Options.ClearCache)
        {
            return null;
        }

        var image = await store.FindImageAsync(key, cancellationToken);
        if (image?.ImageId is null || !await runner.HasImageAsync(image, cancellationToken))
        {
            return null;
        }

        await log.SayAsync(
            $"Not built again: image {image.ImageId} was built from the same commit and options. `clear_cache` builds it anew.",
            cancellationToken);
        return image.ImageId;
    }

    private async Task<string> BuildAsync(
        BuildPlan plan, ISourceTree source, DeploymentLog log, CancellationToken cancellationToken)
    {
        await store.RecordBuildAsync(plan.Key, plan.Deployment.Id, cancellationToken);
        var imageId = await runner.BuildAsync(plan, source, log, cancellationToken);
        return await Retry.UntilDoneAsync(RecordAsync, time, cancellationToken);

        async Task<string> RecordAsync()
        {
            await store.RecordBuiltAsync(plan.Key, imageId, cancellationToken);
            return imageId;
        }
    }
}
