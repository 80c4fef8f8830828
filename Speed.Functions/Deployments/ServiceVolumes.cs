using System.Collections.Concurrent;

namespace Speed.Deployments;

/// <summary>
/// Gives a deployment its volumes: by the record, never by a name worked out anew, so that data stay with their service
/// whatever becomes of its address. Throws <see cref="DeploymentFailedException"/>, with
/// <see cref="FailureCode.DockerUnavailable"/> where the engine does not answer; a store that cannot be reached is waited
/// for.
/// </summary>
public sealed class ServiceVolumes(
    IVolumeStore store, IDeploymentStore deployments, IVolumeEngine engine, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly ConcurrentDictionary<string, bool> _filling = new();
    private readonly ConcurrentDictionary<string, bool> _told = new();
    private volatile bool _isSettled;

    /// <summary>
    /// Finds out, once and for all, which names the volumes of an earlier SPEED have. To be awaited before a container is
    /// made, started, stopped or removed: what containers mount says most of it.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (_isSettled)
        {
            return;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_isSettled)
            {
                await engine.RemoveLeftoversAsync(cancellationToken);
                await ChooseAsync(cancellationToken);
                _isSettled = true;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Where the container of a deployment gets its volumes from; the engine has them all then.</summary>
    public async Task<IReadOnlyList<VolumeMount>> MountAsync(
        Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        await TellOfUnusedAsync(deployment, log, cancellationToken);
        if (deployment.Options.Volumes.Count == 0)
        {
            return [];
        }

        await SettleAsync(cancellationToken);
        var paths = deployment.Options.Volumes.ToDictionary(volume => volume.Name, PathOf);
        var taken = await AskAsync(() => store.TakeVolumesAsync(deployment.Id, cancellationToken), cancellationToken);
        foreach (var volume in taken)
        {
            await UntilFilledAsync(volume, log, cancellationToken);
            await EnsureAsync(volume, log, cancellationToken);
        }

        await TellOfBareAsync(deployment, log, cancellationToken);
        return [.. taken.Select(volume => new VolumeMount(volume.Name, volume.EngineName, paths[volume.Name]))];
    }

    // Data that nobody mounts are easily taken for lost: a service that has some and does not ask for them says so.
    private async Task TellOfUnusedAsync(Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (deployment.Kind != DeploymentKind.Service)
        {
            return;
        }

        var options = deployment.Options;
        var service = new ServiceKey(
            deployment.Identity.Text, deployment.Branch ?? options.Branch ?? "", options.Subdirectory, options.Name);
        var all = await AskAsync(() => store.ListVolumesAsync(cancellationToken), cancellationToken);
        var unused = all
            .Where(volume => volume.Service == service && volume.MadeAt is not null)
            .Select(volume => volume.Name)
            .Except(options.Volumes.Select(volume => volume.Name))
            .ToList();
        if (unused.Count > 0)
        {
            await log.SayAsync(
                $"Kept and not used by this deployment: the data of this service's volumes {string.Join(", ", unused)}. Name "
                + "them in `volumes` to have them.",
                cancellationToken);
        }
    }

    /// <summary>
    /// Where volumes that a deployment asks for should be in its container and are not. An anonymous one that the engine
    /// made for the image does not count: it goes with the container.
    /// </summary>
    public IReadOnlyList<string> MissingIn(Deployment deployment, IEnumerable<EngineMount> mounts) =>
    [
        .. from asked in VolumeMount.AskedBy(deployment)
           where !mounts.Any(mount => mount.Path == asked.Path && IsOwn(mount.EngineName))
           select asked.Path,
    ];

    /// <summary>True of a container that holds what its program wrote where a volume should have been.</summary>
    public async Task<bool> IsBareAsync(
        long deploymentId, IReadOnlyList<EngineMount> mounts, CancellationToken cancellationToken) =>
        await AskAsync(() => deployments.FindAsync(deploymentId, cancellationToken), cancellationToken) is { } deployment
        && MissingIn(deployment, mounts).Count > 0;

    /// <summary>Says in the log of a deployment where its data are, if its container runs without its volumes.</summary>
    public async Task TellIfBareAsync(
        Deployment deployment, string container, IReadOnlyList<EngineMount> mounts, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        if (MissingIn(deployment, mounts) is not { Count: > 0 } paths || !_told.TryAdd(container, true))
        {
            return;
        }

        var bare = new BareContainer(deployment.Id, container, paths);
        await log.SayAsync(
            $"This container runs without the volumes at {string.Join(", ", paths)}: what the program writes there is in it "
            + $"alone. Once it ends it is kept, as {bare.KeptName}. Copy what is there: {bare.CopyFrom(container)}",
            cancellationToken);

        // On record once, for whoever is to be told of it.
        await AskAsync(() => store.NoteBareAsync(bare, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Keeps containers from getting a volume while it is filled. False, and nothing is kept, while one has it or is about
    /// to.
    /// </summary>
    public async Task<bool> TryBeginFillingAsync(string engineName, CancellationToken cancellationToken)
    {
        if (!_filling.TryAdd(engineName, true))
        {
            return false;
        }

        // Marked before it is looked for: who comes to have it meanwhile sees the mark.
        var isFree = false;
        try
        {
            var holders = await AskAsync(() => store.ListHoldersAsync(cancellationToken), cancellationToken);
            var users = await engine.ListUsersAsync(cancellationToken);
            return isFree = holders.All(holder => holder.EngineName != engineName)
                && users.All(user => user.IsKept || user.Mounts.All(mount => mount.EngineName != engineName));
        }
        finally
        {
            if (!isFree)
            {
                EndFilling(engineName);
            }
        }
    }

    public void EndFilling(string engineName) => _filling.TryRemove(engineName, out _);

    public void Dispose() => _gate.Dispose();

    internal bool IsOwn(string engineName) =>
        engineName.StartsWith($"speed-{deployments.Instance}-", StringComparison.Ordinal);

    // A deployment of before may have a path that is refused today.
    private static string PathOf(VolumeOption volume) => VolumePath.Normalize(volume.Path)
        ?? throw new DeploymentFailedException(
            FailureCode.ContainerStartFailed,
            $"The volume {volume.Name} cannot be at {volume.Path}.",
            "Deploy again with a path that is a folder of the container such as /data.");

    private async Task ChooseAsync(CancellationToken cancellationToken)
    {
        var unchosen = await AskAsync(() => store.ListUnchosenAsync(cancellationToken), cancellationToken);
        var unseen = await AskAsync(() => store.ListUnseenAsync(cancellationToken), cancellationToken);
        if (unchosen.Count + unseen.Count == 0)
        {
            return;
        }

        var sights = await LookAsync(cancellationToken);
        var there = (await engine.ListVolumesAsync(cancellationToken)).Select(volume => volume.EngineName).ToHashSet();
        List<VolumeChoice> choices = [];
        List<MountedVolume> mounted = [];
        foreach (var volume in unchosen)
        {
            var seen = volume.Deployments.SelectMany(id => sights[id])
                .Where(sight => sight.Name == volume.Name && volume.Candidates.Contains(sight.EngineName)).ToList();
            mounted.AddRange(seen.Select(sight => new MountedVolume(sight.DeploymentId, sight.Name, sight.EngineName)));
            var chosen = (seen.FirstOrDefault(sight => sight.IsRunning) ?? seen.FirstOrDefault())?.EngineName
                ?? volume.Candidates.FirstOrDefault(there.Contains);
            if (chosen is not null)
            {
                choices.Add(new VolumeChoice(volume.Id, chosen));
            }
        }

        mounted.AddRange(
            from volume in unseen
            where !mounted.Any(one => one.DeploymentId == volume.DeploymentId && one.Name == volume.Name)
            let found = FindOwn(volume, sights[volume.DeploymentId], there)
            where found is not null
            select new MountedVolume(volume.DeploymentId, volume.Name, found));
        await AskAsync(() => store.ChooseAsync(choices, mounted, cancellationToken), cancellationToken);
    }

    // One without a container keeps the data that it had all the same: those of its service can be another's, where two
    // services of before are one today.
    private static string? FindOwn(UnseenVolume volume, IEnumerable<Sight> seen, HashSet<string> there)
    {
        var mounted = seen.FirstOrDefault(
            sight => sight.Name == volume.Name && volume.Candidates.Contains(sight.EngineName));
        return mounted?.EngineName ?? volume.Candidates.FirstOrDefault(there.Contains);
    }

    // What the containers of deployments that go on have mounted, by deployment.
    private async Task<ILookup<long, Sight>> LookAsync(CancellationToken cancellationToken)
    {
        var users = (await engine.ListUsersAsync(cancellationToken)).Where(user => !user.IsKept)
            .GroupBy(user => user.DeploymentId)
            .ToDictionary(group => group.Key, group => group.MaxBy(user => user.Attempt)!);
        var all = await AskAsync(() => deployments.ListUnfinishedAsync(cancellationToken), cancellationToken);
        return (
            from deployment in all
            where users.ContainsKey(deployment.Id)
            let user = users[deployment.Id]
            from asked in VolumeMount.AskedBy(deployment)
            from mount in user.Mounts
            where mount.Path == asked.Path
            select new Sight(deployment.Id, asked.Name, mount.EngineName, user.IsRunning))
            .ToLookup(sight => sight.DeploymentId);
    }

    private async Task UntilFilledAsync(TakenVolume volume, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (_filling.ContainsKey(volume.EngineName))
        {
            await log.SayAsync($"Waiting until the import into volume {volume.Name} is done.", cancellationToken);
        }

        while (_filling.ContainsKey(volume.EngineName))
        {
            await Task.Delay(LookAgainAfter, time, cancellationToken);
        }
    }

    private async Task EnsureAsync(TakenVolume volume, DeploymentLog log, CancellationToken cancellationToken)
    {
        var isNew = await engine.EnsureVolumeAsync(volume.Name, volume.EngineName, volume.Owner, cancellationToken);
        if (isNew && volume.WasMade)
        {
            await log.SayAsync(
                $"The volume {volume.Name} ({volume.EngineName}) is not on this engine any more: somebody removed it, or "
                + "this is another engine. An empty one takes its place.",
                cancellationToken);
        }

        if (isNew || !volume.WasMade)
        {
            await AskAsync(() => store.NoteMadeAsync(volume.EngineName, cancellationToken), cancellationToken);
        }

        if (volume.Others.Count > 0 || isNew)
        {
            await TellOfOthersAsync(volume, isNew, log, cancellationToken);
        }
    }

    // An empty volume, or another one than somebody remembers, is no surprise to whoever reads the log.
    private async Task TellOfOthersAsync(
        TakenVolume volume, bool isNew, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (!_told.TryAdd(volume.EngineName, true))
        {
            return;
        }

        var there = await engine.ListVolumesAsync(cancellationToken);
        foreach (var other in volume.Others.Where(name => there.Any(one => one.EngineName == name)))
        {
            await log.SayAsync(
                $"The volume {volume.Name} is {volume.EngineName}. An earlier SPEED left {other} of the same service, which "
                + "is left alone: `speed volumes list` has both.",
                cancellationToken);
        }

        if (isNew)
        {
            var known = await AskAsync(() => store.ListVolumesAsync(cancellationToken), cancellationToken);
            var names = known.SelectMany(one => one.Candidates.Append(one.EngineName)).ToHashSet();
            if (there.Any(one => one.Name == volume.Name && !names.Contains(one.EngineName)))
            {
                await log.SayAsync(
                    $"The volume {volume.Name} is new and empty. The engine has some of that name which are of no service on "
                    + "record: if one is of this service, an administrator can export it and import it here.",
                    cancellationToken);
            }
        }
    }

    private async Task TellOfBareAsync(Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        var noted = await AskAsync(() => store.ListBareAsync(deployment.Id, cancellationToken), cancellationToken);
        if (noted.Count == 0 || !_told.TryAdd($"bare {deployment.Id}", true))
        {
            return;
        }

        var users = await engine.ListUsersAsync(cancellationToken);
        foreach (var bare in noted)
        {
            if (users.FirstOrDefault(user => user.Name == bare.Container || user.Name == bare.KeptName) is { } user)
            {
                await log.SayAsync(
                    $"Deployment {bare.DeploymentId} of this service ran without the volumes at "
                    + $"{string.Join(", ", bare.Paths)}: what it wrote there is in its container, which is kept as "
                    + $"{bare.KeptName}. Copy it: {bare.CopyFrom(user.Name)}",
                    cancellationToken);
            }
        }
    }

    private Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken) =>
        Retry.UntilDoneAsync(ask, time, cancellationToken);

    private Task<bool> AskAsync(Func<Task> ask, CancellationToken cancellationToken) => AskAsync(
        async () =>
        {
            await ask();
            return true;
        },
        cancellationToken);

    private sealed record Sight(long DeploymentId, string Name, string EngineName, bool IsRunning);
}
