namespace Speed.Deployments;

/// <summary>One deployment as the store has it: a snapshot, true at <see cref="Version"/>.</summary>
public sealed record Deployment
{
    private const int UsualStopGraceSeconds = 10;

    public required long Id { get; init; }

    /// <summary>Given at creation; names the deployment's leader to itself.</summary>
    public required Guid WorkerId { get; init; }

    /// <summary>Those it has: what was asked for, with what it took over.</summary>
    public required DeploymentOptions Options { get; init; }

    /// <summary>What was asked for, and nothing else.</summary>
    public DeploymentOptions Asked
    {
        get => field ?? Options;
        init;
    }

    /// <summary>From the service whose place it takes. Null until the commit is known, and where there was nothing.</summary>
    public TakenOver? TakenOver { get; init; }

    /// <summary>The repository that the url means.</summary>
    public RepositoryIdentity Identity
    {
        get => field ?? RepositoryIdentity.Of(Options.Url);
        init;
    }

    /// <summary>
    /// Patterns of the repositories that whoever deployed it might deploy, as they stood then; its own need not be among
    /// them. Null: all.
    /// </summary>
    public IReadOnlyList<string>? Repos { get; init; }

    public required DeploymentStatus Status { get; init; }

    /// <summary>Null unless it is at work under SPEED.</summary>
    public DeploymentPhase? Phase { get; init; }

    /// <summary>Rises with every stored change of status, phase, failure or cancel request. From 1.</summary>
    public required long Version { get; init; }

    /// <summary>From 1, once claimed; rises when recovery repeats clone or build.</summary>
    public required int Attempt { get; init; }

    /// <summary>Rises with each claim and each recovery: an owner with an old one can write nothing.</summary>
    public required long Epoch { get; init; }

    public required RunBy RunBy { get; init; }

    /// <summary>The branch or tag by name. Null until the remote's HEAD was asked for, where none was given.</summary>
    public string? Branch { get; init; }

    /// <summary>Null until resolved.</summary>
    public string? Commit { get; init; }

    /// <summary>Null until built or found built.</summary>
    public string? ImageId { get; init; }

    /// <summary>A job or a service; null until the image is known.</summary>
    public DeploymentKind? Kind { get; init; }

    public bool IsService => Kind == DeploymentKind.Service;

    /// <summary>What follows an exit: of those that nothing was said of, services are started again.</summary>
    public RestartRule Restart => Options.Restart
        ?? ((Kind ?? Options.Kind) == DeploymentKind.Job ? RestartRule.No : RestartRule.OnFailure);

    /// <summary>How long its program has to end when it is asked to. Then it is killed.</summary>
    public int StopGraceSeconds => Options.StopGraceSeconds ?? UsualStopGraceSeconds;

    /// <summary>Where a service is published. Empty until it is about to be started.</summary>
    public IReadOnlyList<PublishedPort> Endpoints { get; init; } = [];

    /// <summary>
    /// The container's port that the proxy asks, since it was the first to answer when the service came up. Null until then,
    /// and where none did: then it is the first of <see cref="Endpoints"/>.
    /// </summary>
    public int? ProxyPort { get; init; }

    /// <summary>Where the proxy sends requests; null where no port is published.</summary>
    public PublishedPort? ProxyEndpoint =>
        Endpoints.FirstOrDefault(endpoint => endpoint.Container == ProxyPort) ?? (Endpoints is [var first, ..] ? first : null);

    /// <summary>
    /// The host names that a service has by itself and no other has, the one that is shown first. Empty until it is known
    /// to be one.
    /// </summary>
    public IReadOnlyList<string> OwnHosts { get; init; } = [];

    /// <summary>The shorter name that services called alike share: the one that had it first has it.</summary>
    public string? BriefHost { get; init; }

    /// <summary>Since when a service is up, in this attempt.</summary>
    public DateTimeOffset? UpAt { get; init; }

    /// <summary>When a service was up for the first time, in any attempt.</summary>
    public DateTimeOffset? FirstUpAt { get; init; }

    /// <summary>The newer one that is up in its place.</summary>
    public long? SupersededBy { get; init; }

    /// <summary>The newer one that needs its host port: it is stopped until that one is up or has failed.</summary>
    public long? YieldsTo { get; init; }

    /// <summary>How often it was started again since it last was up for long.</summary>
    public int Restarts { get; init; }

    /// <summary>What the health check of a service answers that is not well; null while it is.</summary>
    public string? Unhealthy { get; init; }

    /// <summary>Which try comes next while a service waits to be started again; null unless it does, and is counted.</summary>
    public int? NextTry { get; init; }

    /// <summary>When a service has been up for as long as it may; null where nothing limits it.</summary>
    public DateTimeOffset? ExpiresAt => Options.TtlSeconds is { } ttl ? FirstUpAt?.AddSeconds(ttl) : null;

    /// <summary>When the container's start was asked for in this attempt: from here on it is never started again.</summary>
    public DateTimeOffset? StartAskedAt { get; init; }

    /// <summary>Of the program. Null until it exited, and where it never ran.</summary>
    public int? ExitCode { get; init; }

    public Failure? Failure { get; init; }

    public Cancellation? Cancel { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>By then it has ended. Null where the run has no limit.</summary>
    public DateTimeOffset? DeadlineAt { get; init; }

    /// <summary>Null while lines can still come: after a declared end the container has ten seconds more.</summary>
    public DateTimeOffset? LogClosedAt { get; init; }

    public IReadOnlyList<PhaseRecord> Phases { get; init; } = [];

    /// <summary>The one that it repeats, which may be deleted since. Null if it repeats none.</summary>
    public long? RetryOf { get; init; }

    /// <summary>
    /// What a retry asks for: the same commit, whatever its branch has become, and the options that this one has, whatever
    /// its service has now. Null where there can be none.
    /// </summary>
    public DeploymentOptions? RetryOptions => Status.IsFinal && Commit is not null
        ? Options with { Branch = NamedBranch ?? Options.Branch, Commit = Commit, Inherit = false, Given = GivenToRetry }
        : null;

    /// <summary>True of a repository that whoever deployed this one might deploy, too.</summary>
    public bool Reaches(RepositoryIdentity repository) =>
        Repos is null || repository == Identity || repository.MatchesAny(Repos);

    // A remote's HEAD that stands on no branch is recorded as HEAD, which nobody can ask for.
    private string? NamedBranch => Branch is not null && BranchName.FindFault(Branch) is null ? Branch : null;

    private IReadOnlyList<string> GivenToRetry => Options.Inherit is null ? Inheritance.Members : Options.Given;

    /// <summary>What a guarded write needs to have seen.</summary>
    public Claim Claim => new(Id, Status, Epoch);

    /// <summary>What it was when it was added.</summary>
    public Deployment AsCreated() => new()
    {
        Id = Id,
        WorkerId = WorkerId,
        Options = Asked,
        Identity = Identity,
        Repos = Repos,
        Status = DeploymentStatus.Pending,
        Version = 1,
        Attempt = 0,
        Epoch = 0,
        RunBy = RunBy.Speed,
        Branch = Asked.Branch,
        CreatedAt = CreatedAt,
        DeadlineAt = DeadlineAt,
        RetryOf = RetryOf,
    };
}

public enum RunBy
{
    Speed,
    /// <summary>Its leader took it over with <c>/update Running</c>: it holds no slot and has no container.</summary>
    Leader,
}

/// <summary>A request to stop, and when nothing of the deployment was alive any more.</summary>
/// <param name="By">Who asked: a token's name, <c>leader</c> or <c>api</c>.</param>
public sealed record Cancellation(
    string By, string? Reason, DateTimeOffset RequestedAt, DateTimeOffset? ConfirmedAt);

/// <summary>
/// The right to change a deployment: writes made under it change nothing once the row has another status or epoch.
/// </summary>
public readonly record struct Claim(long Id, DeploymentStatus Status, long Epoch);
