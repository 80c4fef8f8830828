namespace Speed.Deployments;

/// <summary>
/// Every change of every deployment in the order of the commits, numbered without a hole. The last twenty thousand are
/// kept. After each the <see cref="Bell"/> rings for <see cref="Bell.Changes"/>.
/// </summary>
public interface IEventStore
{
    /// <summary>
    /// The events after number <paramref name="after"/>, some tens at a time; empty at the end. They begin with the
    /// next number, unless that one is no longer kept.
    /// </summary>
    Task<IReadOnlyList<DeploymentEvent>> ReadEventsAsync(long after, CancellationToken cancellationToken);

    /// <summary>The number of the last event; 0 before the first.</summary>
    Task<long> LastEventAsync(CancellationToken cancellationToken);

    /// <summary>
    /// How each deployment that is not over (its log is still open) stands now, by id from the first after
    /// <paramref name="afterId"/>, some tens at a time; empty at the end.
    /// </summary>
    Task<IReadOnlyList<DeploymentEvent>> ListOpenAsync(long afterId, CancellationToken cancellationToken);
}

/// <summary>How a deployment stood once.</summary>
/// <param name="Seq">The event's number; 0 where no event is told of.</param>
/// <param name="At">When it came to stand so; where no event is told of, when it was created.</param>
public sealed record DeploymentEvent(
    long Seq, long DeploymentId, string Url, long Version, DeploymentStatus Status, DeploymentPhase? Phase,
    DateTimeOffset At)
{
    /// <summary>The repository that the url means.</summary>
    public RepositoryIdentity Identity => RepositoryIdentity.Of(Url);
}
