using Speed.Deployments;

namespace Speed.Data;

/// <summary>The results of a deployment, numbered from 1 in order of arrival.</summary>
public sealed partial class DbManager
{
    public Task<bool> AppendResultAsync(long id, NewResult result, CancellationToken cancellationToken) =>
        ChangeAsync(id, db => InsertResult(db, id, result, late: false), cancellationToken);

    public Task<IReadOnlyList<DeploymentResult>?> ReadResultsAsync(long id, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => ReadResults(db, id), cancellationToken);

    private bool InsertResult(SqliteSession db, long id, NewResult result, bool late) => db.Execute(
        """
        INSERT INTO result (deployment_id, seq, at_ms, source, value, late)
        SELECT d.id,
            (SELECT coalesce(max(r.seq), 0) + 1 FROM result r WHERE r.deployment_id = d.id),
            $now, $source, $value, $late
        FROM deployment d
        WHERE d.id = $id
        """,
        ("$now", Now), ("$source", Word(result.Source)), ("$value", result.Value), ("$late", late), ("$id", id)) > 0;

    private static IReadOnlyList<DeploymentResult>? ReadResults(SqliteSession db, long id)
    {
        var rows = db.All(
            """
            SELECT r.seq, r.at_ms, r.source, r.value, r.late
            FROM deployment d
            LEFT JOIN result r ON r.deployment_id = d.id
            WHERE d.id = $id
            ORDER BY r.seq
            """,
            ReadResult,
            ("$id", id));

        // No row: no deployment. A row of nulls: a deployment without results.
        return rows.Count == 0 ? null : [.. rows.OfType<DeploymentResult>()];
    }

    private static DeploymentResult? ReadResult(Row row) => row.LongOrNull() is { } seq
        ? new DeploymentResult(seq, row.Time(), row.Word<ResultSource>(), row.Text(), row.Flag())
        : null;
}
