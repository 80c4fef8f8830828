using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>How far each delivery has come.</summary>
public sealed partial class DbManager
{
    private const string DeliveryColumns = """
        n.id, n.notification, n.lane, n.message_id, n.deployment_id, n.event, n.data, n.at_ms, n.state, n.attempts,
        n.failures, n.due_at_ms - $now, n.tried_at_ms, n.answer, n.error
        """;

    public Task<IReadOnlyList<NotificationDelivery>> ListDueAsync(
        IReadOnlyCollection<string> busy, int most, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<NotificationDelivery>>(db => ListDue(db, busy, most), cancellationToken);

    public Task<TimeSpan?> NextDeliveryAsync(IReadOnlyCollection<string> busy, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => NextDelivery(db, busy), cancellationToken);

    public async Task RecordAttemptAsync(
        NotificationDelivery delivery, AttemptOutcome outcome, TimeSpan? pause, CancellationToken cancellationToken)
    {
        await _database.WriteAsync(db => RecordAttempt(db, delivery, outcome, pause), cancellationToken);
        _bell.Ring(Bell.Deliveries);
    }

    public Task<IReadOnlyList<NotificationDelivery>> ListDeliveriesAsync(
        string notification, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<NotificationDelivery>>(
            db => ListDeliveries(db, notification), cancellationToken);

    public async Task<NotificationDelivery?> RedeliverAsync(
        string notification, long id, CancellationToken cancellationToken)
    {
        var delivery = await _database.WriteAsync(db => Redeliver(db, notification, id), cancellationToken);
        _bell.Ring(Bell.Deliveries);
        return delivery;
    }

    private List<NotificationDelivery> ListDue(SqliteSession db, IReadOnlyCollection<string> busy, int most) => db.All(
        $"""
        SELECT {DeliveryColumns}
        FROM notification_delivery n
        WHERE n.id IN (
            SELECT min(id)
            FROM notification_delivery
            WHERE state = 'pending'
                AND due_at_ms <= $now
                AND lane NOT IN (SELECT value FROM json_each($busy))
            GROUP BY lane)
        ORDER BY n.id
        LIMIT $most
        """,
        ReadDelivery,
        ("$now", Steady), ("$busy", JsonSerializer.Serialize(busy)), ("$most", most));

    private TimeSpan? NextDelivery(SqliteSession db, IReadOnlyCollection<string> busy) => db.One<TimeSpan?>(
        """
        SELECT min(due_at_ms) - $now
        FROM notification_delivery
        WHERE state = 'pending'
            AND lane NOT IN (SELECT value FROM json_each($busy))
        """,
        row => row.LongOrNull() is { } left ? TimeSpan.FromMilliseconds(left) : null,
        ("$now", Steady), ("$busy", JsonSerializer.Serialize(busy)));

    private int RecordAttempt(
        SqliteSession db, NotificationDelivery delivery, AttemptOutcome outcome, TimeSpan? pause)
    {
        if (outcome.Result == AttemptResult.Gone)
        {
            Disable(db, delivery.Notification);
            FailAllOf(db, delivery.Notification);
        }

        return SetAttempt(db, delivery, outcome, pause);
    }

    // A commit status is over, too, once a newer one of its deployment waits: it would overwrite that.
    private int SetAttempt(
        SqliteSession db, NotificationDelivery delivery, AttemptOutcome outcome, TimeSpan? pause) => db.Execute(
        """
        WITH goes_on AS (
            SELECT $pause IS NOT NULL AND NOT (
                $notification = $commits
                AND EXISTS (
                    SELECT 1
                    FROM notification_delivery
                    WHERE notification = $commits AND deployment_id = $deployment AND id > $id)) AS yes
        )
        UPDATE notification_delivery
        SET attempts = attempts + 1, failures = failures + $failed, tried_at_ms = $at, answer = $answer, error = $error,
            state = CASE WHEN $failed = 0 THEN 'delivered' WHEN (SELECT yes FROM goes_on) THEN 'pending' ELSE 'failed' END,
            due_at_ms = CASE WHEN (SELECT yes FROM goes_on) THEN $now + $pause END
        WHERE id = $id
        """,
        ("$id", delivery.Id), ("$notification", delivery.Notification), ("$commits", Notification.CommitStatus),
        ("$deployment", delivery.DeploymentId), ("$failed", outcome.Result == AttemptResult.Delivered ? 0 : 1),
        ("$at", Now), ("$now", Steady), ("$answer", outcome.Answer), ("$error", outcome.Error),
        ("$pause", (long?)pause?.TotalMilliseconds));

    private int Disable(SqliteSession db, string notification) => db.Execute(
        """
        UPDATE notification
        SET disabled_at_ms = $now
        WHERE name = $name
            AND disabled_at_ms IS NULL
        """,
        ("$name", notification), ("$now", Now));

    private static int FailAllOf(SqliteSession db, string notification) => db.Execute(
        """
        UPDATE notification_delivery
        SET state = 'failed', due_at_ms = NULL, error = 'The receiver has said that it is gone for good.'
        WHERE notification = $name
            AND state = 'pending'
        """,
        ("$name", notification));

    private List<NotificationDelivery> ListDeliveries(SqliteSession db, string notification) => db.All(
        $"""
        SELECT {DeliveryColumns}
        FROM notification_delivery n
        WHERE n.notification = $name
        ORDER BY n.id DESC
        LIMIT 200
        """,
        ReadDelivery,
        ("$now", Steady), ("$name", notification));

    private NotificationDelivery? Redeliver(SqliteSession db, string notification, long id)
    {
        db.Execute(
            """
            UPDATE notification_delivery
            SET state = 'pending', failures = 0, due_at_ms = $now
            WHERE notification = $name
                AND id = $id
            """,
            ("$name", notification), ("$id", id), ("$now", Steady));
        return db.One(
            $"""
            SELECT {DeliveryColumns}
            FROM notification_delivery n
            WHERE n.notification = $name
                AND n.id = $id
            """,
            ReadDelivery,
            ("$name", notification), ("$id", id), ("$now", Steady));
    }

    private static NotificationDelivery ReadDelivery(Row row) => new(
        row.Long(), row.Text(), row.Text(), row.Text(), row.LongOrNull(), NotificationEvents.Parse(row.Text()), row.Text(),
        row.Time(), row.Word<DeliveryState>(), row.Int(), row.Int(),
        row.LongOrNull() is { } left ? TimeSpan.FromMilliseconds(left) : null,
        row.TimeOrNull(), row.IntOrNull(), row.TextOrNull());
}
