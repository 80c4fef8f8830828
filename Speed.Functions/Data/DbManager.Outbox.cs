using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// What is to be told to others. Triggers write it down, so that nothing can be forgotten; but for what happens outside
/// the store.
/// </summary>
public sealed partial class DbManager : IOutbox
{
    private const int HappeningsPerPage = 50;

    public Task ResumeDeliveriesAsync(TimeSpan most, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => ResumeDeliveries(db, most), cancellationToken);

    public Task<IReadOnlyList<Happening>> ReadOutboxAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<Happening>>(ReadOutbox, cancellationToken);

    public async Task SpreadAsync(
        IReadOnlyList<Happening> happenings, IReadOnlyList<NewDelivery> deliveries, CancellationToken cancellationToken)
    {
        await _database.WriteAsync(db => Spread(db, happenings, deliveries), cancellationToken);
        _bell.Ring(Bell.Deliveries);
    }

    public async Task RecordAsync(NotificationEvent happened, string message, CancellationToken cancellationToken)
    {
        await _database.WriteAsync(db => InsertHappening(db, happened, message), cancellationToken);
        _bell.Ring(Bell.Deliveries);
    }

    public async Task RaiseAlertAsync(NotificationEvent alert, string message, CancellationToken cancellationToken)
    {
        await _database.WriteAsync(db => InsertAlert(db, alert, message), cancellationToken);
        _bell.Ring(Bell.Deliveries);
    }

    public Task ClearAlertAsync(NotificationEvent alert, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => DeleteAlert(db, alert), cancellationToken);

    // Nothing is written where nobody would hear it.
    private int InsertHappening(SqliteSession db, NotificationEvent happened, string message) => db.Execute(
        """
        INSERT INTO outbox (event, data, at_ms)
        SELECT $event, json_object('host', $host, 'message', $message), $now
        WHERE EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
        """,
        ("$event", happened.Word), ("$host", Environment.MachineName), ("$message", message), ("$now", Now));

    // One that stands is told already.
    private int InsertAlert(SqliteSession db, NotificationEvent alert, string message) => db.Execute(
        """
        INSERT INTO alert (event, data, at_ms)
        VALUES ($event, json_object('host', $host, 'message', $message), $now)
        ON CONFLICT (event) DO NOTHING
        """,
        ("$event", alert.Word), ("$host", Environment.MachineName), ("$message", message), ("$now", Now));

    private static int DeleteAlert(SqliteSession db, NotificationEvent alert) => db.Execute(
        """
        DELETE FROM alert
        WHERE event = $event
        """,
        ("$event", alert.Word));

    private int ResumeDeliveries(SqliteSession db, TimeSpan most) => db.Execute(
        """
        UPDATE notification_delivery
        SET due_at_ms = $latest
        WHERE state = 'pending'
            AND due_at_ms > $latest
        """,
        ("$latest", Steady + (long)most.TotalMilliseconds));

    private static List<Happening> ReadOutbox(SqliteSession db) => db.All(
        """
        SELECT seq, deployment_id, event, url, data, at_ms
        FROM outbox
        ORDER BY seq
        LIMIT $most
        """,
        row => new Happening(
            row.Long(), row.LongOrNull(), NotificationEvents.Parse(row.Text()), row.TextOrNull(), row.Text(), row.Time()),
        ("$most", HappeningsPerPage));

    private int Spread(SqliteSession db, IReadOnlyList<Happening> happenings, IReadOnlyList<NewDelivery> deliveries)
    {
        foreach (var delivery in deliveries)
        {
            // The older one would overwrite the newer one at the forge.
            if (delivery.Notification == Notification.CommitStatus)
            {
                EndOlder(db, delivery.Happening.DeploymentId);
            }

            InsertDelivery(db, delivery);
        }

        return Spent(db, happenings.Select(one => one.Seq));
    }

    private static int EndOlder(SqliteSession db, long? deploymentId) => db.Execute(
        """
        UPDATE notification_delivery
        SET state = 'failed', due_at_ms = NULL, error = 'A newer status came before the next attempt.'
        WHERE notification = $commits
            AND deployment_id = $id
            AND state = 'pending'
            AND attempts > 0
        """,
        ("$commits", Notification.CommitStatus), ("$id", deploymentId));

    private int InsertDelivery(SqliteSession db, NewDelivery delivery) => db.Execute(
        """
        INSERT INTO notification_delivery
            (notification, lane, message_id, deployment_id, event, data, at_ms, due_at_ms)
        SELECT name, $lane, 'msg_' || lower(hex(randomblob(12))), $id, $event, $data, $at, $now
        FROM notification
        WHERE name = $name
        """,
        ("$name", delivery.Notification), ("$lane", delivery.Lane), ("$id", delivery.Happening.DeploymentId),
        ("$event", delivery.Happening.Event.Word), ("$data", delivery.Happening.Data),
        ("$at", delivery.Happening.At.ToUnixTimeMilliseconds()), ("$now", Steady));

    private static int Spent(SqliteSession db, IEnumerable<long> seqs) => db.Execute(
        """
        DELETE FROM outbox
        WHERE seq IN (SELECT value FROM json_each($seqs))
        """,
        ("$seqs", JsonSerializer.Serialize(seqs)));
}
