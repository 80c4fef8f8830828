using Speed.Deployments;

namespace Speed.Hooks;

/// <summary>
/// Keeps hooks and the last 200 deliveries of each. Every write is durable when its task completes. Throws
/// <see cref="StoreUnavailableException"/> where the disk or a foreign lock keeps it from that.
/// </summary>
public interface IHookStore
{
    /// <summary>All of them, by name.</summary>
    Task<IReadOnlyList<SealedHook>> ListHooksAsync(CancellationToken cancellationToken);

    /// <summary>Null if there is none.</summary>
    Task<SealedHook?> FindHookAsync(string name, CancellationToken cancellationToken);

    /// <summary>False if there is one of that name.</summary>
    Task<bool> AddHookAsync(SealedHook hook, CancellationToken cancellationToken);

    /// <summary>Changes all but name and time. False if there is none of that name.</summary>
    Task<bool> ReplaceHookAsync(SealedHook hook, CancellationToken cancellationToken);

    /// <summary>Deletes it with its deliveries; what it started goes on. False if there is none.</summary>
    Task<bool> DeleteHookAsync(string name, CancellationToken cancellationToken);

    /// <summary>The newest first.</summary>
    Task<IReadOnlyList<Delivery>> ListHookDeliveriesAsync(string hook, CancellationToken cancellationToken);

    /// <summary>The one that came under this id of the forge; null if none is remembered.</summary>
    Task<Delivery?> FindDeliveryAsync(string hook, string forgeId, CancellationToken cancellationToken);

    /// <summary>
    /// A delivery for deciding it anew. Null if there is none; the body is empty once it is no longer kept.
    /// </summary>
    Task<NewHookDelivery?> ReadDeliveryAsync(string hook, long id, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a deployment and, in the same transaction, the record of the delivery that starts it. Gives the record; or
    /// the one of an earlier delivery under the same id of the forge, and starts nothing; or no record, and does nothing, if
    /// as many wait as may, of all or of the caller's, or the hook is gone: then neither is given.
    /// </summary>
    Task<(Delivery? Record, AddOutcome.QueueFull? Full)> StartAsync(
        NewHookDelivery delivery, string reason, NewDeployment deployment, CancellationToken cancellationToken);

    /// <summary>
    /// Records a delivery that starts nothing. Gives the record; or the one of an earlier delivery under the same id of
    /// the forge; or null if the hook is gone. Of a body over 1 MiB nothing is kept.
    /// </summary>
    Task<Delivery?> RecordAsync(
        NewHookDelivery delivery, DecisionWord decision, string reason, CancellationToken cancellationToken);

    /// <summary>The deployments of a repository's branch that the hook started and that have not ended, by id.</summary>
    Task<IReadOnlyList<long>> ListLiveAsync(
        string hook, RepositoryIdentity repository, string branch, CancellationToken cancellationToken);
}
