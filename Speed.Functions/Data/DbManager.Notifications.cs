using System.Text.Json;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Data;

/// <summary>Who is told of deployments; where, is sealed before it comes here.</summary>
public sealed partial class DbManager : INotificationStore
{
    public Task<IReadOnlyList<SealedNotification>> ListNotificationsAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<SealedNotification>>(ListNotifications, cancellationToken);

    public async Task<bool> AddNotificationAsync(
        SealedNotification notification, int most, CancellationToken cancellationToken) =>
        await _database.WriteAsync(db => AddNotification(db, notification, most), cancellationToken) > 0;

    public async Task<bool> ReplaceNotificationAsync(
        SealedNotification notification, CancellationToken cancellationToken) =>
        await _database.WriteAsync(db => ReplaceNotification(db, notification), cancellationToken) > 0;

    public async Task<bool> DeleteNotificationAsync(string name, CancellationToken cancellationToken) =>
        await _database.WriteAsync(db => DeleteNotification(db, name), cancellationToken) > 0;

    private static List<SealedNotification> ListNotifications(SqliteSession db) => db.All(
        """
        SELECT name, format, origin, events, repos, created_at_ms, disabled_at_ms, sealed
        FROM notification
        ORDER BY name
        """,
        row => new SealedNotification(
            row.Text(), FormatOf(row.Text()), row.Text(),
            [.. Texts(row.Text()).Select(NotificationEvents.Parse)],
            Texts(row.Text()), row.Time(), row.TimeOrNull(), row.BytesOrNull()));

    private static int AddNotification(SqliteSession db, SealedNotification notification, int most) => db.Execute(
        """
        INSERT INTO notification (name, format, origin, events, repos, created_at_ms, sealed)
        SELECT $name, $format, $origin, $events, $repos, $created, $sealed
        WHERE (SELECT count(*) FROM notification) <= $most
        ON CONFLICT (name) DO NOTHING
        """,
        ("$name", notification.Name), ("$format", Word(notification.Format)), ("$origin", notification.Origin),
        ("$events", Words(notification.Events)), ("$repos", JsonSerializer.Serialize(notification.Repos)),
        ("$created", notification.CreatedAt.ToUnixTimeMilliseconds()), ("$sealed", notification.Where),
        ("$most", most));

    private static int ReplaceNotification(SqliteSession db, SealedNotification notification) => db.Execute(
        """
        UPDATE notification
        SET origin = $origin, events = $events, repos = $repos, disabled_at_ms = NULL, sealed = $sealed
        WHERE name = $name
            AND format = $format
        """,
        ("$name", notification.Name), ("$format", Word(notification.Format)), ("$origin", notification.Origin),
        ("$events", Words(notification.Events)), ("$repos", JsonSerializer.Serialize(notification.Repos)),
        ("$sealed", notification.Where));

    private static int DeleteNotification(SqliteSession db, string name) => db.Execute(
        """
        DELETE FROM notification
        WHERE name = $name
        """,
        ("$name", name));

    private static string Word(NotificationFormat format) =>
        format == NotificationFormat.CommitStatus ? "commit_status" : format.ToString().ToLowerInvariant();

    private static NotificationFormat FormatOf(string word) =>
        Enum.Parse<NotificationFormat>(word.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    private static string Words(IEnumerable<NotificationEvent> events) =>
        JsonSerializer.Serialize(events.Select(one => one.Word));
}
