using Speed.Deployments;

namespace Speed.Tests.Volumes;

/// <summary>
/// An engine that is a few lists: volumes with what was written into them, and containers that mount them. It has what
/// volumes need of one, fast enough for hundreds of lives.
/// </summary>
internal sealed class ScriptedEngine : IVolumeEngine
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ScriptedVolume> _volumes = [];
    private readonly List<ScriptedBox> _boxes = [];

    /// <summary>Told of each start, with what each mounted volume held by then.</summary>
    public Action<Deployment, IReadOnlyDictionary<string, IReadOnlyList<string>>>? Started { get; set; }

    public IReadOnlyList<ScriptedBox> Boxes
    {
        get
        {
            lock (_gate)
            {
                return [.. _boxes];
            }
        }
    }

    public Task<IReadOnlyList<EngineVolume>> ListVolumesAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<EngineVolume>>(
                [.. _volumes.Select(one => new EngineVolume(one.Key, one.Value.Name, one.Value.Owner))]);
        }
    }

    public Task<IReadOnlyList<EngineContainer>> ListUsersAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<EngineContainer>>([.. Boxes.Select(box => box.Shown)]);

    public Task<bool> EnsureVolumeAsync(
        string name, string engineName, string? owner, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_volumes.TryGetValue(engineName, out var there))
            {
                return owner is null || there.Owner == owner
                    ? Task.FromResult(false)
                    : throw new InvalidOperationException($"{engineName} is {there.Owner}'s, and not {owner}'s.");
            }

            _volumes.Add(engineName, new ScriptedVolume(name, owner));
            return Task.FromResult(true);
        }
    }

    public Task<Stream?> OpenVolumeAsync(
        string engineName, IReadOnlyList<string> imageIds, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> FillVolumeAsync(
        string engineName, IReadOnlyList<string> imageIds, Stream tar, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task RemoveLeftoversAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What a volume holds; null where there is none.</summary>
    public IReadOnlyList<string>? Read(string engineName)
    {
        lock (_gate)
        {
            return _volumes.TryGetValue(engineName, out var volume) ? [.. volume.Lines] : null;
        }
    }

    /// <summary>As an operator does it.</summary>
    public void RemoveVolume(string engineName)
    {
        lock (_gate)
        {
            _volumes.Remove(engineName);
        }
    }

    public void Write(string engineName, string line)
    {
        lock (_gate)
        {
            if (!_volumes.TryGetValue(engineName, out var volume))
            {
                _volumes.Add(engineName, volume = new ScriptedVolume(engineName.Split('-', 4)[3], null));
            }

            volume.Lines.Add(line);
        }
    }

    public ScriptedBox Create(Deployment deployment, string instance, IReadOnlyList<VolumeMount> mounts)
    {
        lock (_gate)
        {
            var name = $"speed-{instance}-{deployment.Id}-{deployment.Attempt}";
            if (_boxes.FirstOrDefault(box => box.Name == name) is { } there)
            {
                return there;
            }

            var box = new ScriptedBox(this, deployment, name, mounts);
            _boxes.Add(box);
            return box;
        }
    }

    /// <summary>The program reads all that its volumes hold, and adds a line of its own to each.</summary>
    public void Run(ScriptedBox box)
    {
        lock (_gate)
        {
            Started?.Invoke(
                box.Deployment,
                box.Mounts.ToDictionary(
                    mount => mount.Name, mount => (IReadOnlyList<string>)[.. _volumes[mount.EngineName].Lines]));
            foreach (var mount in box.Mounts)
            {
                _volumes[mount.EngineName].Lines.Add($"{box.Deployment.Id}.{box.Deployment.Attempt}");
            }
        }
    }

    public void Remove(long deploymentId)
    {
        lock (_gate)
        {
            _boxes.RemoveAll(box => box.Deployment.Id == deploymentId);
        }
    }

    private sealed record ScriptedVolume(string Name, string? Owner)
    {
        public List<string> Lines { get; } = [];
    }
}

/// <summary>A container of it.</summary>
internal sealed class ScriptedBox(
    ScriptedEngine engine, Deployment deployment, string name, IReadOnlyList<VolumeMount> mounts) : IContainer
{
    private readonly TaskCompletionSource<ContainerExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStarted;

    public Deployment Deployment { get; } = deployment;

    public string Name { get; } = name;

    public IReadOnlyList<VolumeMount> Mounts { get; } = mounts;

    public ContainerState State =>
        _exit.Task.IsCompleted ? ContainerState.Exited : _isStarted ? ContainerState.Running : ContainerState.Created;

    public string StopSignal => "SIGTERM";

    public EngineContainer Shown => new(
        Deployment.Id, Deployment.Attempt, Name, State == ContainerState.Running, State != ContainerState.Created, false,
        [.. Mounts.Select(mount => new EngineMount(mount.EngineName, mount.Path))]);

    public bool End(int code, bool engineRestarted = false) =>
        _isStarted && _exit.TrySetResult(new ContainerExit(code, false, engineRestarted));

    public Task AttachAsync(OutputSink sink, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            engine.Run(this);
        }

        return Task.CompletedTask;
    }

    public Task<bool> ReadKeptAsync(OutputSink sink, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<DateTimeOffset?> FindOldestKeptAsync(CancellationToken cancellationToken) =>
        Task.FromResult<DateTimeOffset?>(null);

    public Task<IReadOnlyDictionary<LogStream, long>?> MeasureKeptAsync(
        DateTimeOffset? until, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<LogStream, long>?>(new Dictionary<LogStream, long>());

    public Task<ContainerExit> WaitAsync(CancellationToken cancellationToken) => _exit.Task.WaitAsync(cancellationToken);

    public Task<ProbeAnswer> ProbeAsync(bool isUp, CancellationToken cancellationToken) =>
        Task.FromResult(new ProbeAnswer(true, true, "well"));

    public Task<IReadOnlyList<int>> ListAnsweringPortsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<int>>([]);

    public Task<string?> FindShellInFrontAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        End(143);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Adopted again by the next process.
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
