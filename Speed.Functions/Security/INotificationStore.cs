using Speed.Deployments;

namespace Speed.Security;

/// <summary>
/// Keeps who is told of deployments, with addresses and signing keys sealed. Every write is durable when its task
/// completes. Throws <see cref="StoreUnavailableException"/> where the disk or a foreign lock keeps it from that.
/// </summary>
public interface INotificationStore
{
    /// <summary>All of them, by name.</summary>
    Task<IReadOnlyList<SealedNotification>> ListNotificationsAsync(CancellationToken cancellationToken);

    /// <summary>False, and nothing is added, if there is one of that name or there are <paramref name="most"/> already.</summary>
    Task<bool> AddNotificationAsync(SealedNotification notification, int most, CancellationToken cancellationToken);

    /// <summary>Puts it in the place of the one of that name. False if there is none.</summary>
    Task<bool> ReplaceNotificationAsync(SealedNotification notification, CancellationToken cancellationToken);

    /// <summary>Removes it with its deliveries. False if there is none.</summary>
    Task<bool> DeleteNotificationAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A notification as it is kept.</summary>
/// <param name="Where">Address and signing key, sealed; null for the commit statuses, which need neither.</param>
public sealed record SealedNotification(
    string Name, NotificationFormat Format, string Origin, IReadOnlyList<NotificationEvent> Events,
    IReadOnlyList<string> Repos, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt, byte[]? Where)
    : Notification(Name, Format, Origin, Events, Repos, CreatedAt, DisabledAt);
