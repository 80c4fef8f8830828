namespace Speed.Deployments;

/// <summary>
/// The only truth about deployments. Every write is durable when its task completes, and every change of status
/// is guarded: it happens from the status and epoch its caller saw, or not at all. After each change the
/// <see cref="Bell"/> rings. Throws <see cref="StoreUnavailableException"/> where the disk or a foreign lock
/// keeps it from writing; the same call may succeed later.
/// </summary>
public interface IDeploymentStore
{
    /// <summary>Random, made with the database: containers and images of this instance bear it. 12 lower-case hex digits.</summary>
    string Instance { get; }

    /// <summary>
    /// Adds a pending deployment, with its idempotency record in the same transaction. Of one that is repeated there is
    /// one unfinished retry at most: while there is, that one is the outcome.
    /// </summary>
    Task<AddOutcome> AddAsync(NewDeployment deployment, CancellationToken cancellationToken);

    /// <summary>Null if there is none.</summary>
    Task<Deployment?> FindAsync(long id, CancellationToken cancellationToken);

    /// <summary>
    /// The newest of those that a filter lets through. Page after page it gives each exactly once, whatever is added
    /// meanwhile.
    /// </summary>
    Task<DeploymentPage> ListAsync(DeploymentFilter filter, CancellationToken cancellationToken);

    /// <summary>By id, how many pending ones were created before each of the given ones.</summary>
    Task<IReadOnlyDictionary<long, int>> CountAheadAsync(
        IReadOnlyCollection<long> ids, CancellationToken cancellationToken);

    /// <summary>
    /// Those at work under SPEED by id, then the pending ones in the order in which they start, at most
    /// <paramref name="mostPending"/> of them.
    /// </summary>
    Task<IReadOnlyList<QueuedDeployment>> ReadQueueAsync(int mostPending, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the oldest pending deployment and marks it running under <paramref name="owner"/>: attempt 1, phase
    /// clone. Null if the queue is empty. Two owners never get the same deployment.
    /// </summary>
    /// <param name="share">Passes over those whose caller has as many slots as one may; null for none of them.</param>
    Task<Deployment?> ClaimNextAsync(string owner, SlotShare? share, CancellationToken cancellationToken);

    /// <summary>
    /// What an earlier process left: running ones that SPEED ran, and ended ones whose log is still open.
    /// </summary>
    Task<IReadOnlyList<Deployment>> ListUnfinishedAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes an unfinished deployment <paramref name="owner"/>'s under a new epoch. <paramref name="repeat"/>
    /// begins a new attempt at phase clone; not allowed, and null, once a start was asked for. Null too if it
    /// changed meanwhile.
    /// </summary>
    Task<Deployment?> TakeOverAsync(Claim claim, string owner, bool repeat, CancellationToken cancellationToken);

    /// <summary>Ends the current phase as succeeded and enters the next. False if the claim is stale.</summary>
    Task<bool> EnterPhaseAsync(Claim claim, DeploymentPhase phase, CancellationToken cancellationToken);

    /// <summary>
    /// Records what is deployed, and the first time, in the same transaction, what it takes over from the newest of the
    /// same service that was up (<see cref="Inheritance"/>). False if the claim is stale.
    /// </summary>
    /// <param name="most">What of resources the operator allows.</param>
    Task<bool> RecordCommitAsync(
        Claim claim, string branch, string commit, Resources most, CancellationToken cancellationToken);

    /// <summary>False if the claim is stale.</summary>
    Task<bool> RecordImageAsync(Claim claim, string imageId, CancellationToken cancellationToken);

    /// <summary>Records what this attempt is built from, in the place of what an earlier one was. False if the claim is stale.</summary>
    Task<bool> RecordBuiltFromAsync(Claim claim, BuiltFrom from, CancellationToken cancellationToken);

    /// <summary>What its latest attempt is built from; null if none got that far.</summary>
    Task<BuiltFrom?> FindBuiltFromAsync(long id, CancellationToken cancellationToken);

    /// <summary>
    /// Records that the container's start is about to be asked for. False if the claim is stale, a cancel was
    /// requested, or a start was asked for before: then do not start it.
    /// </summary>
    Task<bool> AskStartAsync(Claim claim, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a deployment: status, failure, results and closed log in one transaction. False if the claim is
    /// stale, for example because its leader declared another end first; and false for
    /// <see cref="DeploymentStatus.Succeeded"/> and <see cref="DeploymentStatus.Failed"/> once a cancel was
    /// requested, as only <see cref="DeploymentStatus.Canceled"/> follows then.
    /// </summary>
    Task<bool> SettleAsync(Claim claim, Settlement settlement, CancellationToken cancellationToken);

    /// <summary>
    /// Closes the log of a deployment that had ended by declaration; its last results are marked late. Idempotent:
    /// false if it was closed already.
    /// </summary>
    Task<bool> CloseAsync(long id, IReadOnlyList<NewResult> lateResults, CancellationToken cancellationToken);

    /// <summary>The leader's word, by the table of the HTTP contract.</summary>
    Task<DeclareOutcome> DeclareAsync(long id, DeploymentStatus word, CancellationToken cancellationToken);

    /// <summary>Asks for the end: at once where nothing runs under SPEED.</summary>
    Task<CancelOutcome> RequestCancelAsync(long id, string by, string? reason, CancellationToken cancellationToken);

    /// <summary>
    /// Those past their time that no worker watches, oldest first: pending ones past their queue time, and
    /// taken-over ones past their run time.
    /// </summary>
    Task<IReadOnlyList<Deployment>> ListOverdueAsync(CancellationToken cancellationToken);

    /// <summary>How long it is until the next of those falls due, zero or less if it has; null if none waits.</summary>
    Task<TimeSpan?> NextDueAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Notes that SPEED runs: of the time between this and the next opening of the store nothing counts for those that
    /// wait.
    /// </summary>
    Task NoteTimeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Appends what was reported, after the end too, unless there would be more than <paramref name="maxBytes"/> of the
    /// deployment then: bytes in UTF-8, and 64 more for each report. What SPEED writes at the end is not counted.
    /// </summary>
    Task<ReportOutcome> ReportAsync(long id, string value, long maxBytes, CancellationToken cancellationToken);

    /// <summary>
    /// The results behind a number, in order: at most <paramref name="most"/>, and fewer where they are long. Null if there
    /// is no such deployment.
    /// </summary>
    Task<ResultPage?> ReadResultsAsync(long id, long after, long most, CancellationToken cancellationToken);

    /// <summary>The record of a build under <paramref name="key"/>; null if none was ever asked for.</summary>
    Task<ImageRecord?> FindImageAsync(string key, CancellationToken cancellationToken);

    /// <summary>The keys of the builds that an image came out of; empty for one that is not on record.</summary>
    Task<IReadOnlyList<string>> ListKeysOfImageAsync(string imageId, CancellationToken cancellationToken);

    /// <summary>Notes that an image is about to be built for a deployment, before the engine hears of it.</summary>
    Task RecordBuildAsync(string key, long deploymentId, CancellationToken cancellationToken);

    /// <summary>Notes the id that the build printed.</summary>
    Task RecordBuiltAsync(string key, string imageId, CancellationToken cancellationToken);

    /// <summary>Notes that SPEED got an image under this name without a login: it is for everybody.</summary>
    /// <param name="name">In full.</param>
    Task RecordPublicImageAsync(string name, string imageId, CancellationToken cancellationToken);

    /// <summary>True if the last that SPEED got under this name without a login was this image.</summary>
    Task<bool> IsPublicImageAsync(string name, string imageId, CancellationToken cancellationToken);

    /// <summary>Notes that a registry let the deployments of a repository have an image just now.</summary>
    Task RecordAllowedImageAsync(
        RepositoryIdentity identity, string name, string imageId, CancellationToken cancellationToken);

    /// <summary>
    /// When its registry last let the deployments of a repository have this very image; null if that is more than 24 hours
    /// ago, or it was another image, or never.
    /// </summary>
    Task<DateTimeOffset?> FindAllowedImageAsync(
        RepositoryIdentity identity, string name, string imageId, CancellationToken cancellationToken);

    /// <summary>The repositories that any deployment is of, in no order.</summary>
    Task<IReadOnlyList<RepositoryIdentity>> ListRepositoriesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Images that no unfinished deployment uses or has built, and that are not among the last
    /// <paramref name="keep"/> of any repository and branch; those used longest ago first.
    /// </summary>
    Task<IReadOnlyList<UnneededImage>> ListUnneededImagesAsync(int keep, int most, CancellationToken cancellationToken);

    /// <summary>Forgets every record of an image.</summary>
    Task ForgetImageAsync(string imageId, CancellationToken cancellationToken);

    /// <summary>
    /// Of the given deployments, in the order given, those whose log may go: it is closed, and
    /// <paramref name="keep"/> newer deployments of the same repository and branch have one; or there is no such
    /// deployment any more.
    /// </summary>
    Task<IReadOnlyList<long>> PickBeyondLatestAsync(
        IReadOnlyList<long> ids, int keep, CancellationToken cancellationToken);

    /// <summary>Deployments that had ended, their log closed, before a time; those that ended first come first.</summary>
    Task<IReadOnlyList<EndedDeployment>> ListEndedAsync(
        DateTimeOffset before, int most, CancellationToken cancellationToken);

    /// <summary>Deletes a deployment with its history and results. False unless it has ended and its log is closed.</summary>
    Task<bool> DeleteAsync(long id, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a copy of all that was acknowledged before the call as one file into a folder, on the disk when the task
    /// completes. Writes go on meanwhile. Gives the file's path.
    /// </summary>
    Task<string> CopyToAsync(string folder, CancellationToken cancellationToken);
}

/// <summary>An image that may go.</summary>
/// <param name="Keys">Of the builds that it came out of.</param>
/// <param name="LastUsedBy">The deployment that used it last, or built it without coming to use it.</param>
public sealed record UnneededImage(string ImageId, IReadOnlyList<string> Keys, long LastUsedBy);

public sealed record EndedDeployment(long Id, DateTimeOffset EndedAt);

/// <summary>A deployment about to be added.</summary>
/// <param name="IdempotencyKey">Null: none was sent.</param>
/// <param name="MaxQueued">How many may wait; beyond, it is refused.</param>
public sealed record NewDeployment(DeploymentOptions Options, string? IdempotencyKey, int MaxQueued)
{
    /// <summary>Who asks for it, as the audit calls them; empty where nobody knows.</summary>
    public string DeployedBy { get; init; } = "";

    /// <summary>How many of theirs may wait; beyond, it is refused.</summary>
    public int MaxQueuedOfCaller { get; init; } = int.MaxValue;

    /// <summary>The deployment that it repeats; null if it repeats none.</summary>
    public long? RetryOf { get; init; }

    /// <summary>As <see cref="Deployment.Repos"/>: of whoever asks for it.</summary>
    public IReadOnlyList<string>? Repos { get; init; }
}

/// <summary>What became of an added deployment.</summary>
public abstract record AddOutcome
{
    /// <summary>It waits in the queue now.</summary>
    public sealed record Added(Deployment Deployment) : AddOutcome;

    /// <summary>The same key came with the same options before, or the retry is under way: here is that deployment.</summary>
    public sealed record Replayed(Deployment Deployment) : AddOutcome;

    /// <summary>The same key came with other options before.</summary>
    public sealed record KeyReused : AddOutcome;

    /// <summary>As many wait as may.</summary>
    /// <param name="OfCaller">True if that is so of the caller's own; there may be room for others'.</param>
    public sealed record QueueFull(bool OfCaller) : AddOutcome;
}

/// <summary>How the slots are shared among those who ask for deployments.</summary>
/// <param name="Most">How many one caller may hold. Of whom nobody knows who asked for them, all may run.</param>
/// <param name="Holders">The ids of the deployments that hold one now.</param>
public sealed record SlotShare(int Most, IReadOnlyCollection<long> Holders);

/// <summary>How a deployment ends.</summary>
/// <param name="Status">A final one.</param>
/// <param name="Failure">Null for success only.</param>
/// <param name="ExitCode">Of the program; null where it never ran to its end.</param>
public sealed record Settlement(
    DeploymentStatus Status, Failure? Failure, int? ExitCode, IReadOnlyList<NewResult> Results);

/// <summary>What a leader's status word did.</summary>
public enum DeclareOutcome
{
    NotFound,
    Changed,
    /// <summary>Legal, and already so.</summary>
    Unchanged,
    /// <summary>There is no such arrow from where it stands.</summary>
    Illegal,
    BeingCanceled,
    /// <summary>A newer one is up in its place: it ends for that, and not as its leader says.</summary>
    BeingSuperseded,
    AlreadyFinished,
}

/// <summary>What became of a report.</summary>
public enum ReportOutcome
{
    NotFound,
    Added,
    /// <summary>As much was reported as may be: it was not stored.</summary>
    TooMuch,
}

/// <summary>What a cancel request did.</summary>
public enum CancelOutcome
{
    NotFound,
    /// <summary>It is canceled, now or since an earlier request.</summary>
    Canceled,
    /// <summary>It is being stopped; only <see cref="DeploymentStatus.Canceled"/> follows.</summary>
    Requested,
    /// <summary>It had ended otherwise.</summary>
    AlreadyFinished,
}

/// <summary>A build that was asked for.</summary>
/// <param name="Key">What went into it; 64 lower-case hex digits.</param>
/// <param name="ImageId">What came out; null until a build succeeded.</param>
public sealed record ImageRecord(string Key, string? ImageId);

/// <summary>The store cannot be written or read for now: a full disk, a foreign lock. Worth a retry.</summary>
public sealed class StoreUnavailableException(string message, Exception inner) : Exception(message, inner);
