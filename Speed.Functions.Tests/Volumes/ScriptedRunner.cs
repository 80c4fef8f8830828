using Speed.Deployments;

namespace Speed.Tests.Volumes;

/// <summary>Runs every deployment on a scripted engine, with volumes as the real runner has them.</summary>
internal sealed class ScriptedRunner(ScriptedEngine engine, ServiceVolumes volumes, IDeploymentStore store) : IRunner
{
    public Task<string?> FindFaultAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task<string?> FindDataFolderAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task<BuildPlan> PlanAsync(
        Deployment deployment, ISourceTree source, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken) => Task.FromResult(
        new BuildPlan(deployment, new string('0', 64), "Dockerfile", "FROM scratch", new Dictionary<string, string>()));

    public Task<bool> HasImageAsync(ImageRecord image, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<string> BuildAsync(
        BuildPlan plan, ISourceTree source, DeploymentLog log, CancellationToken cancellationToken) =>
        Task.FromResult("sha256:one");

    public Task<ImageTraits> DescribeImageAsync(string imageId, CancellationToken cancellationToken) =>
        Task.FromResult(new ImageTraits([], true));

    public IReadOnlyList<PublishedPort> ChooseEndpoints(
        Deployment deployment, IReadOnlyList<PortOption> ports, IReadOnlyList<PublishedPort> kept) => [];

    public async Task<IContainer> CreateAsync(
        Deployment deployment, string imageId, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        await volumes.SettleAsync(cancellationToken);
        return engine.Create(deployment, store.Instance, await volumes.MountAsync(deployment, log, cancellationToken));
    }

    public async Task<IContainer?> FindAsync(
        Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        await volumes.SettleAsync(cancellationToken);
        var name = $"speed-{store.Instance}-{deployment.Id}-{deployment.Attempt}";
        return engine.Boxes.FirstOrDefault(box => box.Name == name);
    }

    public Task<long?> MeasureImageAsync(string imageId, CancellationToken cancellationToken) =>
        Task.FromResult<long?>(0);

    public Task<bool> RemoveImageAsync(UnneededImage image, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<IReadOnlyList<OwnCache>> ListCachesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<OwnCache>>([]);

    public Task<bool> RemoveCacheAsync(OwnCache cache, CancellationToken cancellationToken) => Task.FromResult(false);

    public Task<IReadOnlyList<OwnContainer>> ListContainersAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<OwnContainer>>(
            [.. engine.Boxes.Select(box => new OwnContainer(box.Deployment.Id, box.Deployment.Attempt, box.Name, true))]);

    public Task<IReadOnlyDictionary<long, long>> MeasureContainersAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<long, long>>(new Dictionary<long, long>());

    public Task<IReadOnlyList<OwnImage>> ListImagesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<OwnImage>>([]);

    public Task RemoveAsync(OwnContainer container, CancellationToken cancellationToken) =>
        RemoveAllAsync(container.DeploymentId, cancellationToken);

    public async Task RemoveAllAsync(long deploymentId, CancellationToken cancellationToken)
    {
        await volumes.SettleAsync(cancellationToken);
        foreach (var box in engine.Boxes.Where(box => box.Deployment.Id == deploymentId))
        {
            box.End(137);
        }

        engine.Remove(deploymentId);
    }
}

/// <summary>Every repository: <c>main</c> is its HEAD, and each fetch finds the same commit.</summary>
internal sealed class ScriptedSource : ISource
{
    public Task<ISourceTree> FetchAsync(
        Deployment deployment, DeploymentSecrets secrets, DeploymentLog log, CancellationToken cancellationToken) =>
        Task.FromResult<ISourceTree>(new Tree(deployment.Branch ?? "main"));

    private sealed class Tree(string branch) : ISourceTree
    {
        public string Branch => branch;

        public string Commit => "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";

        public string TreeId => Commit;

        public IReadOnlyList<SourceFile> Files => [];

        public Task<ResolvedPath> ResolveAsync(string path, CancellationToken cancellationToken) =>
            Task.FromResult(new ResolvedPath(path, Fault: null));

        public Task<string?> ReadTextAsync(string path, CancellationToken cancellationToken) =>
            Task.FromResult<string?>(null);

        public Task WriteContextAsync(
            string dockerfile, string? dockerfileText, Stream destination, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public Stream OpenScratchFile() => new MemoryStream();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
