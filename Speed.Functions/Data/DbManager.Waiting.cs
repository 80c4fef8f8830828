using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>What the queue looks like from outside.</summary>
public sealed partial class DbManager
{
    public Task<IReadOnlyDictionary<long, int>> CountAheadAsync(
        IReadOnlyCollection<long> ids, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyDictionary<long, int>>(db => CountAhead(db, ids), cancellationToken);

    public Task<IReadOnlyList<QueuedDeployment>> ReadQueueAsync(int mostPending, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<QueuedDeployment>>(db => ReadQueue(db, mostPending), cancellationToken);

    // Between one and the next, then summed up: the queue is read once, however many are asked for.
    private static Dictionary<long, int> CountAhead(SqliteSession db, IReadOnlyCollection<long> ids) => db.All(
        """
        WITH asked AS (
            SELECT value AS id, lag(value, 1, 0) OVER (ORDER BY value) AS previous
            FROM json_each($ids)
        ),
        between_two AS MATERIALIZED (
            SELECT asked.id, (
                SELECT count(*)
                FROM deployment d
                WHERE d.status = 'Pending'
                    AND d.log_closed_at_ms IS NULL
                    AND d.id >= asked.previous
                    AND d.id < asked.id) AS pending
            FROM asked
        )
        SELECT id, sum(pending) OVER (ORDER BY id)
        FROM between_two
        """,
        row => (Id: row.Long(), Ahead: row.Int()),
        ("$ids", JsonSerializer.Serialize(ids))).ToDictionary(place => place.Id, place => place.Ahead);

    // The history once for each repository and branch, however many of it wait.
    private static List<QueuedDeployment> ReadQueue(SqliteSession db, int mostPending) => db.All(
        """
        WITH waiting AS (
            SELECT id, options ->> 'url' AS url, identity, name, branch, status, phase, created_at_ms, started_at_ms,
                deployed_by
            FROM deployment
            WHERE status = 'Pending'
                AND log_closed_at_ms IS NULL
            ORDER BY id
            LIMIT $most
        ),
        queue AS MATERIALIZED (
            SELECT id, options ->> 'url' AS url, identity, name, branch, status, phase, created_at_ms, started_at_ms,
                deployed_by
            FROM deployment
            WHERE status = 'Running'
                AND log_closed_at_ms IS NULL
                AND run_by = 'speed'
                AND first_up_at_ms IS NULL
            UNION ALL
            SELECT id, url, identity, name, branch, status, phase, created_at_ms, started_at_ms, deployed_by
            FROM waiting
        ),
        usual AS MATERIALIZED (
            SELECT kind.identity, kind.branch, (
                SELECT avg(run.took_ms)
                FROM (
                    SELECT coalesce(d.first_up_at_ms, d.ended_at_ms) - d.started_at_ms AS took_ms
                    FROM deployment d
                    WHERE d.identity = kind.identity
                        AND d.branch = kind.branch
                        AND (d.status IN ('Succeeded', 'Failed') OR d.first_up_at_ms IS NOT NULL)
                        AND d.attempt > 0
                    ORDER BY d.id DESC
                    LIMIT 10) run) AS took_ms
            FROM (SELECT DISTINCT identity, branch FROM queue WHERE branch IS NOT NULL) kind
        )
        SELECT q.id, q.url, q.branch, q.status, q.phase, q.created_at_ms, q.started_at_ms, CAST(u.took_ms AS INTEGER),
            q.name, q.deployed_by
        FROM queue q
        LEFT JOIN usual u ON u.identity = q.identity AND u.branch = q.branch
        ORDER BY q.status = 'Pending', q.id
        """,
        row => new QueuedDeployment(
            row.Long(), row.Text(), row.TextOrNull(), row.Word<DeploymentStatus>(), row.WordOrNull<DeploymentPhase>(),
            row.Time(), row.TimeOrNull(),
            row.LongOrNull() is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null)
        {
            Name = row.Text(),
            DeployedBy = row.Text(),
        },
        ("$most", mostPending));
}
