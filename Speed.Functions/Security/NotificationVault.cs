using System.Security.Cryptography;
using System.Text.Json;
using Speed.Deployments;

namespace Speed.Security;

/// <summary>
/// Those who are told of deployments. Addresses are secret too: whoever knows one of Slack or Discord may write there.
/// </summary>
public sealed class NotificationVault(
    INotificationStore store, SecretVault secrets, SecretSeal seal, TimeProvider time) : INotifications
{
    private const int MostNotifications = 100;
    private const int SecretBytes = 32;

    public async Task<IReadOnlyList<Notification>> ListAsync(CancellationToken cancellationToken) =>
        await store.ListNotificationsAsync(cancellationToken);

    /// <summary>Null if there is none.</summary>
    public async Task<Notification?> FindAsync(string name, CancellationToken cancellationToken) =>
        await FindSealedAsync(name, cancellationToken);

    /// <summary>
    /// Adds it and makes its signing key, which nobody can be told again. Null if the name is taken, or there are a
    /// hundred.
    /// </summary>
    public async Task<(Notification Notification, string Secret)?> AddAsync(
        NotificationWish wish, CancellationToken cancellationToken)
    {
        var secret = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));
        var added = Seal(wish, wish.Url!, secret, time.GetUtcNow());
        return await store.AddNotificationAsync(added, MostNotifications, cancellationToken) ? (added, secret) : null;
    }

    /// <summary>
    /// Puts it in the place of the one of that name, which keeps its signing key, and its address where none is given. It
    /// is told again, had its receiver been gone. Null if there is none, or its key and address do not open any more.
    /// </summary>
    public async Task<Notification?> ReplaceAsync(NotificationWish wish, CancellationToken cancellationToken)
    {
        if (await FindSealedAsync(wish.Name, cancellationToken) is not { } old || Open(old) is not var (url, secret))
        {
            return null;
        }

        var changed = Seal(wish, wish.Url ?? url, secret, old.CreatedAt);
        return await store.ReplaceNotificationAsync(changed, cancellationToken) ? changed : null;
    }

    /// <summary>False if there is none.</summary>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken) =>
        store.DeleteNotificationAsync(name, cancellationToken);

    public async Task<NotificationTarget.Receiver?> FindReceiverAsync(string name, CancellationToken cancellationToken) =>
        await FindSealedAsync(name, cancellationToken) is { } found && Open(found) is var (url, secret)
            ? new NotificationTarget.Receiver(found.Format, url, secret)
            : null;

    public Task<Credential?> FindLoginAsync(string url, CancellationToken cancellationToken) =>
        secrets.FindLoginAsync(url, cancellationToken);

    private async Task<SealedNotification?> FindSealedAsync(string name, CancellationToken cancellationToken) =>
        (await store.ListNotificationsAsync(cancellationToken)).FirstOrDefault(one => one.Name == name);

    private SealedNotification Seal(NotificationWish wish, string url, string secret, DateTimeOffset createdAt) => new(
        wish.Name, wish.Format, RepositoryUrl.Parse(url).Origin, wish.Events, wish.Repos, createdAt, DisabledAt: null,
        seal.Seal(JsonSerializer.Serialize<string[]>([url, secret]), About(wish.Name, wish.Format)));

    private (string Url, string Secret)? Open(SealedNotification notification) =>
        notification.Where is { } where && seal.Open(where, About(notification.Name, notification.Format)) is { } json
        && JsonSerializer.Deserialize<string[]>(json) is [var url, var secret]
            ? (url, secret)
            : null;

    // Another name or format is another receiver: one cannot be put in the other's place in the database.
    private static string About(string name, NotificationFormat format) =>
        JsonSerializer.Serialize<string[]>(["notification", name, format.ToString()]);
}

/// <summary>What somebody asks for.</summary>
/// <param name="Url">Null, of one that is there already: its own.</param>
/// <param name="Repos">Empty for every repository.</param>
public sealed record NotificationWish(
    string Name, string? Url, NotificationFormat Format, IReadOnlyList<NotificationEvent> Events,
    IReadOnlyList<string> Repos);
