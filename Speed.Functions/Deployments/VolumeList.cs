namespace Speed.Deployments;

public enum VolumeState
{
    /// <summary>A deployment that has not ended has it, or a container mounts it.</summary>
    InUse,
    /// <summary>Its service's next deployment gets it.</summary>
    Kept,
    /// <summary>Of a service whose volume is another one: an earlier SPEED left it under a name that it could have had.</summary>
    Candidate,
    /// <summary>It bears this instance's label, and is of no service on record.</summary>
    Unowned,
    /// <summary>On record, and not on the engine.</summary>
    Missing,
}

/// <param name="Service">Null of one that is of no service on record.</param>
/// <param name="Name">As deployments call it; null where nothing says.</param>
/// <param name="Deployments">Those that have it and have not ended.</param>
public sealed record Volume(
    string EngineName, ServiceKey? Service, string? Name, VolumeState State, IReadOnlyList<long> Deployments);

/// <summary>Every volume that this instance has on record or on the engine, and what it is.</summary>
public sealed class VolumeList(
    IVolumeStore store, IDeploymentStore deployments, IVolumeEngine engine, ServiceVolumes volumes)
{
    /// <summary>By service and name; those of none last.</summary>
    public async Task<IReadOnlyList<Volume>> ReadAsync(CancellationToken cancellationToken)
    {
        await volumes.SettleAsync(cancellationToken);
        var there = (await engine.ListVolumesAsync(cancellationToken)).ToDictionary(one => one.EngineName);
        var users = await ReadUsersAsync(cancellationToken);
        List<Volume> list = [];
        HashSet<string> seen = [];
        var known = await store.ListVolumesAsync(cancellationToken);
        foreach (var (one, name) in known.SelectMany(one => Chosen(one).Select(name => (one, name))))
        {
            seen.Add(name);
            list.Add(new Volume(name, one.Service, one.Name, StateOf(name, VolumeState.Kept), [.. users[name]]));
        }

        foreach (var (one, name) in known.SelectMany(one => one.Candidates.Select(name => (one, name))))
        {
            if (there.ContainsKey(name) && seen.Add(name))
            {
                list.Add(new Volume(name, one.Service, one.Name, StateOf(name, VolumeState.Candidate), [.. users[name]]));
            }
        }

        list.AddRange(
            from one in there.Values
            where !seen.Contains(one.EngineName)
            orderby one.EngineName
            select new Volume(one.EngineName, null, one.Name, VolumeState.Unowned, [.. users[one.EngineName]]));
        return list;

        VolumeState StateOf(string name, VolumeState otherwise) =>
            !there.ContainsKey(name) ? VolumeState.Missing : users.Contains(name) ? VolumeState.InUse : otherwise;
    }

    /// <summary>
    /// The containers that are there and lack a volume that their deployment asked for, and those that were kept for that.
    /// </summary>
    public async Task<IReadOnlyList<(BareContainer Container, bool IsKept)>> FindBareAsync(
        CancellationToken cancellationToken)
    {
        List<(BareContainer, bool)> bare = [];
        foreach (var user in await engine.ListUsersAsync(cancellationToken))
        {
            var deployment = await deployments.FindAsync(user.DeploymentId, cancellationToken);
            var paths = deployment is null ? [] : volumes.MissingIn(deployment, user.Mounts);
            if (user.IsKept || (user.HasRun && paths.Count > 0))
            {
                var name = BareContainer.NameBefore(user.Name) ?? user.Name;
                bare.Add((new BareContainer(user.DeploymentId, name, paths), user.IsKept));
            }
        }

        return bare;
    }

    private static IEnumerable<string> Chosen(ServiceVolume volume) =>
        volume.EngineName is { } name ? [name] : [];

    // By name on the engine, who has it: by the record, or by what containers mount.
    private async Task<ILookup<string, long>> ReadUsersAsync(CancellationToken cancellationToken)
    {
        var holders = await store.ListHoldersAsync(cancellationToken);
        var users = await engine.ListUsersAsync(cancellationToken);
        return holders.Select(holder => (holder.EngineName, holder.DeploymentId))
            .Concat(
                from user in users
                where !user.IsKept
                from mount in user.Mounts
                select (mount.EngineName, user.DeploymentId))
            .Distinct()
            .OrderBy(one => one.DeploymentId)
            .ToLookup(one => one.EngineName, one => one.DeploymentId);
    }
}
