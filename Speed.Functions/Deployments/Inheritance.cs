namespace Speed.Deployments;

/// <summary>
/// What a deployment that leaves it out takes over from the service whose place it takes: nobody loses data, names or
/// secrets by not naming them.
/// </summary>
public static class Inheritance
{
    /// <summary>The members of create that are taken over, each as a whole.</summary>
    public static IReadOnlyList<string> Members { get; } =
    [
        "cap_add", "env", "health", "hosts", "labels", "on_unhealthy", "ports", "resources", "restart", "secrets", "shm_mb",
        "stop_grace_s", "volumes",
    ];

    /// <summary>Null where nothing is to be taken over.</summary>
    /// <param name="older">The newest of the same service that ever was up.</param>
    /// <param name="most">What the operator allows now.</param>
    public static TakenOver? Decide(DeploymentOptions asked, Deployment older, Resources most)
    {
        if (!Inherits(asked) || IsOverOnPurpose(older))
        {
            return null;
        }

        var had = older.Options;
        var notes = new List<string>();
        var taken = new TakenOver
        {
            From = older.Id,
            Volumes = Left("volumes") ? Some(had.Volumes) : null,
            Hosts = Left("hosts") ? Some(had.Hosts) : null,
            Env = Left("env") ? Some(Without(had.Env, asked.Secrets, notes)) : null,
            Secrets = Left("secrets") ? Some(Without(had.Secrets, asked.Env, notes)) : null,
            Ports = Left("ports") ? Fitting(Some(had.Ports), asked, notes) : null,
            Health = Left("health") ? Fitting(had.Health, asked, notes) : null,
            Restart = Left("restart") && AskedForRestart(had) ? had.Restart : null,
            OnUnhealthy = Left("on_unhealthy") && had.OnUnhealthy != UnhealthyRule.Stay ? had.OnUnhealthy : null,
            Labels = Left("labels") ? Some(had.Labels) : null,
            Resources = Left("resources") && AskedForResources(had) ? Within(had.Resources, asked, most, notes) : null,
            ShmMb = Left("shm_mb") ? had.ShmMb : null,
            CapAdd = Left("cap_add") ? Some(had.CapAdd) : null,
            StopGraceSeconds = Left("stop_grace_s") ? had.StopGraceSeconds : null,
            Kind = asked.Kind == DeploymentKind.Auto && had.Kind == DeploymentKind.Service ? had.Kind : null,
            Notes = notes,
        };
        return taken.Members.Count + notes.Count > 0 ? taken : null;

        bool Left(string member) => !asked.Given.Contains(member);
    }

    /// <summary>False of a job, which takes nobody's place, and of those asked for before there was a choice.</summary>
    public static bool Inherits(DeploymentOptions asked) => asked.Inherit == true && asked.Kind != DeploymentKind.Job;

    // What somebody ended, or gave a time to live, is given up. One that waits to be started again, makes room, failed or
    // ended by itself is not: a fix that is pushed after a crash is to find the data.
    private static bool IsOverOnPurpose(Deployment older) =>
        older.Cancel is not null
        || older.SupersededBy is not null
        || older.Status == DeploymentStatus.Canceled
        || older.Failure?.Code == FailureCode.TtlExpired;

    private static IReadOnlyList<T>? Some<T>(IReadOnlyList<T> had) => had.Count > 0 ? had : null;

    private static IReadOnlyDictionary<string, string>? Some(IReadOnlyDictionary<string, string> had) =>
        had.Count > 0 ? had : null;

    // A variable is one of both: what was asked for by that name now is it.
    private static IReadOnlyDictionary<string, string> Without(
        IReadOnlyDictionary<string, string> env, IReadOnlyList<string> secrets, List<string> notes)
    {
        var both = env.Keys.Where(secrets.Contains).ToList();
        if (both.Count == 0)
        {
            return env;
        }

        notes.Add($"env {string.Join(", ", both)}, which `secrets` has");
        return env.Where(one => !both.Contains(one.Key)).ToDictionary();
    }

    private static IReadOnlyList<string> Without(
        IReadOnlyList<string> secrets, IReadOnlyDictionary<string, string> env, List<string> notes)
    {
        var both = secrets.Where(env.ContainsKey).ToList();
        if (both.Count > 0)
        {
            notes.Add($"secrets {string.Join(", ", both)}, which `env` has");
        }

        return [.. secrets.Except(both)];
    }

    // What create would refuse of one request is not put together of two.
    private static IReadOnlyList<PortOption>? Fitting(
        IReadOnlyList<PortOption>? ports, DeploymentOptions asked, List<string> notes)
    {
        if (ports is null)
        {
            return null;
        }

        if (asked.Network == ContainerNetwork.None)
        {
            notes.Add("ports, which `network: none` has no use for");
            return null;
        }

        if (asked.Health?.Port is { } port && ports.All(one => one.Container != port))
        {
            notes.Add($"ports, which the {port} of `health` is none of");
            return null;
        }

        return ports;
    }

    private static HealthOption? Fitting(HealthOption? health, DeploymentOptions asked, List<string> notes)
    {
        if (health?.Path is not null && asked.Network == ContainerNetwork.None)
        {
            notes.Add("health, whose path nobody reaches with `network: none`");
            return null;
        }

        if (health?.Port is { } port && asked.Ports.Count > 0 && asked.Ports.All(one => one.Container != port))
        {
            notes.Add($"health, whose port {port} is none of `ports`");
            return null;
        }

        return health;
    }

    // A `no` that nobody gave was the default once.
    private static bool AskedForRestart(DeploymentOptions had) =>
        had.Restart is { } rule && (rule != RestartRule.No || had.Given.Contains("restart"));

    // What was the operator's default then is the operator's to change. Of deployments of before nobody knows.
    private static bool AskedForResources(DeploymentOptions had) => had.Inherit is null || had.Given.Contains("resources");

    private static Resources? Within(Resources had, DeploymentOptions asked, Resources most, List<string> notes)
    {
        var within = new Resources
        {
            MemoryMb = Math.Min(had.MemoryMb, most.MemoryMb),
            Cpus = Math.Min(had.Cpus, most.Cpus),
            Pids = Math.Min(had.Pids, most.Pids),
        };
        if (within != had)
        {
            notes.Add(FormattableString.Invariant(
                $"resources, which were {had.MemoryMb} MB, {had.Cpus} cpus, {had.Pids} pids: more than is allowed now"));
        }

        return within == asked.Resources ? null : within;
    }
}
