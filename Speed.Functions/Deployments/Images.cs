using System.Collections.Concurrent;

namespace Speed.Deployments;

/// <summary>Gives the image of a deployment: the one that was built from the same things before, or a new one.</summary>
public sealed class Images(IDeploymentStore store, IRunner runner)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _building = new();

    /// <summary>Two deployments that need the same image do not build it twice: the second waits and finds it.</summary>
    public async Task<string> GetOrBuildAsync(
        BuildPlan plan, ISourceTree source, DeploymentLog log, CancellationToken cancellationToken)
    {
        // One small entry for each image of this process's life.
        var gate = _building.GetOrAdd(plan.Key, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        try
        {
            return await FindAsync(plan, log, cancellationToken)
                ?? await BuildAsync(plan, source, log, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<string?> FindAsync(BuildPlan plan, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (plan.Deployment.Options.ClearCache)
        {
            return null;
        }

        var image = await store.FindImageAsync(plan.Key, cancellationToken);
        if (image?.ImageId is null || !await runner.HasImageAsync(image, cancellationToken))
        {
            return null;
        }

        await log.SayAsync($"Not built again: image {image.ImageId} was built from the same commit and options.", cancellationToken);
        return image.ImageId;
    }

    private async Task<string> BuildAsync(
        BuildPlan plan, ISourceTree source, DeploymentLog log, CancellationToken cancellationToken)
    {
        await store.RecordBuildAsync(plan.Key, plan.Deployment.Id, cancellationToken);
        var imageId = await runner.BuildAsync(plan, source, log, cancellationToken);
        await store.RecordBuiltAsync(plan.Key, imageId, cancellationToken);
        return imageId;
    }
}
