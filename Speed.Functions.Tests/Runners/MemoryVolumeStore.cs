using Speed.Deployments;

namespace Speed.Tests.Runners;

/// <summary>The volumes of a runner that is tested by itself: all deployments are of one service.</summary>
internal sealed class MemoryVolumeStore(string instance) : IVolumeStore
{
    private readonly Dictionary<long, Deployment> _deployments = [];
    private readonly Dictionary<string, TakenVolume> _volumes = [];
    private readonly List<BareContainer> _bare = [];

    /// <summary>Has its volumes known; a store would know them by its row.</summary>
    public void Add(Deployment deployment) => _deployments[deployment.Id] = deployment;

    public Deployment? Find(long id) => _deployments.GetValueOrDefault(id);

    public Task<IReadOnlyList<UnchosenVolume>> ListUnchosenAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<UnchosenVolume>>([]);

    public Task<IReadOnlyList<UnseenVolume>> ListUnseenAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<UnseenVolume>>([]);

    public Task ChooseAsync(
        IReadOnlyList<VolumeChoice> choices, IReadOnlyList<MountedVolume> mounted, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public Task<IReadOnlyList<TakenVolume>> TakeVolumesAsync(long deploymentId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TakenVolume>>(
            [.. _deployments[deploymentId].Options.Volumes.Select(volume => Take(volume.Name))]);

    public Task NoteMadeAsync(string engineName, CancellationToken cancellationToken)
    {
        foreach (var (name, volume) in _volumes.Where(one => one.Value.EngineName == engineName).ToList())
        {
            _volumes[name] = volume with { WasMade = true };
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<ServiceVolume>> ListVolumesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ServiceVolume>>(
        [
            .. _volumes.Values.Select(volume => new ServiceVolume(
                new ServiceKey("example.org/r", "main", ".", ""), volume.Name, volume.EngineName, volume.Owner, [], null)),
        ]);

    public Task<IReadOnlyList<string>> ListImagesOfVolumeAsync(string engineName, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>(["busybox:latest"]);

    public Task<IReadOnlyList<VolumeHolder>> ListHoldersAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<VolumeHolder>>([]);

    public Task NoteBareAsync(BareContainer container, CancellationToken cancellationToken)
    {
        _bare.Add(container);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<BareContainer>> ListBareAsync(long deploymentId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<BareContainer>>([.. _bare]);

    private TakenVolume Take(string name)
    {
        if (!_volumes.TryGetValue(name, out var volume))
        {
            volume = new TakenVolume(name, $"speed-{instance}-{Guid.NewGuid():N}-{name}", $"[\"{name}\"]", false, []);
            _volumes.Add(name, volume);
        }

        return volume;
    }
}

/// <summary>An engine without volumes, for what is tested without them.</summary>
internal sealed class NoVolumes : IVolumeEngine
{
    public static ServiceVolumes Of(string instance) => new(
        new MemoryVolumeStore(instance), NamedStore.Create(instance), new NoVolumes(), TimeProvider.System);

    public Task<IReadOnlyList<EngineVolume>> ListVolumesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<EngineVolume>>([]);

    public Task<IReadOnlyList<EngineContainer>> ListUsersAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<EngineContainer>>([]);

    public Task<bool> EnsureVolumeAsync(
        string name, string engineName, string? owner, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<Stream?> OpenVolumeAsync(
        string engineName, IReadOnlyList<string> imageIds, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> FillVolumeAsync(
        string engineName, IReadOnlyList<string> imageIds, Stream tar, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task RemoveLeftoversAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
