namespace Speed.Deployments;

/// <summary>
/// What the store knows of volumes: under which name the engine has each. A volume belongs to one service, which is a
/// repository, a branch, a subdirectory and a name; its name on the engine is on record and never worked out anew. The same
/// rules hold as for <see cref="IDeploymentStore"/>.
/// </summary>
public interface IVolumeStore
{
    /// <summary>
    /// Those that an earlier SPEED made, under a name that it worked out each time: which of the names it could have had
    /// is still to be found out.
    /// </summary>
    Task<IReadOnlyList<UnchosenVolume>> ListUnchosenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The volumes of deployments of an earlier SPEED that were up, go on, and of which is not on record yet what they have.
    /// </summary>
    Task<IReadOnlyList<UnseenVolume>> ListUnseenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Records, all in one, which names were found, and what the deployments that go on have mounted. What was recorded
    /// before stays.
    /// </summary>
    Task ChooseAsync(
        IReadOnlyList<VolumeChoice> choices, IReadOnlyList<MountedVolume> mounted, CancellationToken cancellationToken);

    /// <summary>
    /// The volumes of a deployment in the order of its options: what it had in an earlier attempt; else what its service
    /// has; else new ones. On record when this returns, and so before the engine hears of them. Empty where there is no
    /// such deployment.
    /// </summary>
    Task<IReadOnlyList<TakenVolume>> TakeVolumesAsync(long deploymentId, CancellationToken cancellationToken);

    /// <summary>Notes that the engine has it now.</summary>
    Task NoteMadeAsync(string engineName, CancellationToken cancellationToken);

    /// <summary>Every volume on record, by its service and its name.</summary>
    Task<IReadOnlyList<ServiceVolume>> ListVolumesAsync(CancellationToken cancellationToken);

    /// <summary>The images of the deployments that had it, the latest first; then those of its service.</summary>
    Task<IReadOnlyList<string>> ListImagesOfVolumeAsync(string engineName, CancellationToken cancellationToken);

    /// <summary>Which deployments that have not ended have which volume.</summary>
    Task<IReadOnlyList<VolumeHolder>> ListHoldersAsync(CancellationToken cancellationToken);

    /// <summary>Notes a container that runs without volumes that its deployment asked for; once.</summary>
    Task NoteBareAsync(BareContainer container, CancellationToken cancellationToken);

    /// <summary>Those that were noted of the service of a deployment.</summary>
    Task<IReadOnlyList<BareContainer>> ListBareAsync(long deploymentId, CancellationToken cancellationToken);
}

public sealed record VolumeHolder(string EngineName, long DeploymentId);

/// <param name="Candidates">The names on the engine that it can have, the likeliest first.</param>
/// <param name="Deployments">Those of its service that have not ended, the one that is up first, then the newest.</param>
public sealed record UnchosenVolume(
    long Id, string Name, IReadOnlyList<string> Candidates, IReadOnlyList<long> Deployments);

/// <param name="Candidates">The names on the engine that this deployment can have had, the likeliest first.</param>
public sealed record UnseenVolume(long DeploymentId, string Name, IReadOnlyList<string> Candidates);

/// <param name="VolumeId">Of an <see cref="UnchosenVolume"/>.</param>
public sealed record VolumeChoice(long VolumeId, string EngineName);

/// <summary>What a deployment of an earlier SPEED was seen to have mounted: it keeps that until it ends.</summary>
public sealed record MountedVolume(long DeploymentId, string Name, string EngineName);

/// <param name="Name">As the deployment calls it.</param>
/// <param name="Owner">What its label on the engine says of its service. Null of one that an earlier SPEED made.</param>
/// <param name="WasMade">The engine had it before: if it has not now, somebody removed it.</param>
/// <param name="Others">Names under which there may be more data of the same service, left by an earlier SPEED.</param>
public sealed record TakenVolume(
    string Name, string EngineName, string? Owner, bool WasMade, IReadOnlyList<string> Others);

/// <summary>A volume on record.</summary>
/// <param name="EngineName">Null while it is still to be found out.</param>
/// <param name="Candidates">The names that it could have had under an earlier SPEED, the chosen one too.</param>
public sealed record ServiceVolume(
    ServiceKey Service, string Name, string? EngineName, string? Owner, IReadOnlyList<string> Candidates,
    DateTimeOffset? MadeAt);

/// <summary>Deployments of the same four are one service: the newest takes the place of the others.</summary>
/// <param name="Repository">Its identity.</param>
/// <param name="Name">Empty for most.</param>
public sealed record ServiceKey(string Repository, string Branch, string Subdirectory, string Name);

/// <summary>A container that runs, or ran, without volumes that its deployment asked for: what it wrote there is in it alone.</summary>
/// <param name="Container">Its name on the engine.</param>
/// <param name="Paths">Where the volumes should have been.</param>
public sealed record BareContainer(long DeploymentId, string Container, IReadOnlyList<string> Paths)
{
    private const string KeptSuffix = "-kept";

    /// <summary>How the container is called once it has ended: not by a name that SPEED makes or removes containers under.</summary>
    public string KeptName => KeptNameOf(Container);

    public static string KeptNameOf(string container) => container + KeptSuffix;

    /// <summary>The name that a kept container had; null for one that is not kept.</summary>
    public static string? NameBefore(string container) =>
        container.EndsWith(KeptSuffix, StringComparison.Ordinal) ? container[..^KeptSuffix.Length] : null;

    /// <summary>The commands that copy what is there, under the name that the container has now.</summary>
    public string CopyFrom(string container) =>
        string.Join("; ", Paths.Select(path => $"`docker cp {container}:{path}/. ./copy-of-{path.Trim('/').Replace('/', '-')}`"));
}
