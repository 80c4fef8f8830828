namespace Speed.Deployments;

/// <summary>
/// What the store knows of services beside what it knows of all deployments. The same rules hold as for
/// <see cref="IDeploymentStore"/>. Those of one repository, branch, subdirectory and name are each other's like: the
/// newest one that is up takes the place of the others.
/// </summary>
public interface IServiceStore
{
    /// <summary>Records what the image made of it, and where it is to be published. False if the claim is stale.</summary>
    Task<bool> RecordKindAsync(
        Claim claim, DeploymentKind kind, IReadOnlyList<PublishedPort> endpoints, CancellationToken cancellationToken);

    /// <summary>Where the latest of its like before it was published; empty if there was none.</summary>
    Task<IReadOnlyList<PublishedPort>> FindKeptEndpointsAsync(long id, CancellationToken cancellationToken);

    /// <summary>
    /// True if a service of the same repository, branch, subdirectory and name was ever up with this port of the host, by its
    /// own choice, as far as records go back. Where no branch is asked for, those count of which none was asked for either.
    /// </summary>
    /// <param name="inAnyBranch">True: in whichever branch it was.</param>
    Task<bool> HasHeldPortAsync(
        DeploymentOptions asked, int port, bool inAnyBranch, CancellationToken cancellationToken);

    /// <summary>The same of a host that it named.</summary>
    Task<bool> HasHeldHostAsync(DeploymentOptions asked, string host, CancellationToken cancellationToken);

    /// <summary>Records which port of the container the proxy asks, once for all attempts. False if the claim is stale.</summary>
    Task<bool> RecordProxyPortAsync(Claim claim, int port, CancellationToken cancellationToken);

    /// <summary>
    /// Records that it is up, and that it takes the place of the older ones of its like that have begun to run. Where a
    /// newer one is up already, that one takes its place instead.
    /// </summary>
    Task<UpOutcome> BecomeUpAsync(Claim claim, CancellationToken cancellationToken);

    /// <summary>Those whose place this one has taken, by id.</summary>
    Task<IReadOnlyList<Deployment>> ListReplacedAsync(long id, CancellationToken cancellationToken);

    /// <summary>
    /// Begins the run of a service anew, as the next attempt. Null if the claim is stale, or if something else is asked
    /// of it by now.
    /// </summary>
    /// <param name="restarts">How often it was started again with this one.</param>
    Task<Deployment?> BeginRunAnewAsync(Claim claim, int restarts, CancellationToken cancellationToken);

    /// <summary>
    /// Records that it is not up any more, and how it is started again: what was recorded of this attempt first stays.
    /// False if the claim is stale, or if something else is asked of it by now.
    /// </summary>
    Task<bool> GoDownAsync(Claim claim, Restarting restarting, CancellationToken cancellationToken);

    /// <summary>
    /// Records what the health check of one that is up holds against it; null that it is well. False if the claim is stale,
    /// it is not up, or something else is asked of it by now.
    /// </summary>
    Task<bool> RecordHealthAsync(Claim claim, string? unhealthy, CancellationToken cancellationToken);

    /// <summary>
    /// Asks the older ones of its like that are published on one of these ports of the host to make room: they stop,
    /// and are started again if this one ends without being up. Gives their ids, those asked before too. Null where it
    /// is not this one's turn: a newer one that is up takes its place, it makes room itself for a newer one that has
    /// such a port, or the claim is stale.
    /// </summary>
    Task<IReadOnlyList<long>?> AskToYieldAsync(
        Claim claim, IReadOnlyList<int> hostPorts, CancellationToken cancellationToken);

    /// <summary>
    /// The services that have been up and have not ended, by id: of each like the one that is up, or else the newest, which
    /// is started again or makes room.
    /// </summary>
    Task<IReadOnlyList<Deployment>> ListServicesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Of these, the one whose like was up first, as far as records go back; with a host, the one whose like was first
    /// up with it among its hosts. Null if none ever was.
    /// </summary>
    Task<long?> FindEldestAsync(IReadOnlyList<long> ids, string? host, CancellationToken cancellationToken);
}

public enum UpOutcome
{
    Up,
    /// <summary>A newer one of its like was up first.</summary>
    Superseded,
    /// <summary>The claim is stale, or something else is asked of it by now.</summary>
    Stale,
}
