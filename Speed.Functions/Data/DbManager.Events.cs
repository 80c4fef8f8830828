using Speed.Deployments;

namespace Speed.Data;

/// <summary>What has changed, in order. Triggers write it down, so that no change can be forgotten.</summary>
public sealed partial class DbManager : IEventStore
{
    // Few: a slow reader holds on to them, and an address may have two thousand characters.
    private const int EventsPerPage = 50;

    public Task<IReadOnlyList<DeploymentEvent>> ReadEventsAsync(long after, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<DeploymentEvent>>(db => ReadEvents(db, after), cancellationToken);

    public Task<long> LastEventAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(LastEvent, cancellationToken);

    public Task<IReadOnlyList<DeploymentEvent>> ListOpenAsync(long afterId, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<DeploymentEvent>>(db => ListOpen(db, afterId), cancellationToken);

    private static List<DeploymentEvent> ReadEvents(SqliteSession db, long after) => db.All(
        """
        SELECT seq, deployment_id, url, version, status, phase, at_ms
        FROM event
        WHERE seq > $after
        ORDER BY seq
        LIMIT $most
        """,
        ReadEvent,
        ("$after", after), ("$most", EventsPerPage));

    private static long LastEvent(SqliteSession db) => db.One(
        """
        SELECT coalesce(max(seq), 0)
        FROM event
        """,
        row => row.Long());

    private static List<DeploymentEvent> ListOpen(SqliteSession db, long afterId) => db.All(
        """
        SELECT 0, id, coalesce(options ->> 'url', ''), version, status, phase, created_at_ms
        FROM deployment
        WHERE log_closed_at_ms IS NULL
            AND id > $after
        ORDER BY id
        LIMIT $most
        """,
        ReadEvent,
        ("$after", afterId), ("$most", EventsPerPage));

    private static DeploymentEvent ReadEvent(Row row) => new(
        row.Long(), row.Long(), row.Text(), row.Long(), row.Word<DeploymentStatus>(),
        row.WordOrNull<DeploymentPhase>(), row.Time());
}
