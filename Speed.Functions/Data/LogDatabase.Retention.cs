using Speed.Deployments;

namespace Speed.Data;

/// <summary>How old logs go, and how all of them are copied.</summary>
public sealed partial class LogDatabase
{
    // Some milliseconds of the writer's time each.
    private const int PagesAtOnce = 500;

    // Of no lines at all.
    private static readonly string EmptySha256 = LogSummary.ClosedEmpty.Sha256!;

    public Task<IReadOnlyList<ClosedLog>> ListClosedAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<ClosedLog>>(db => ListClosed(db, before), cancellationToken);

    public async Task<bool> RemoveLinesAsync(long deploymentId, string reason, CancellationToken cancellationToken)
    {
        var removed = await _database.WriteDurablyAsync(db => RemoveLines(db, deploymentId, reason), cancellationToken);
        if (removed)
        {
            _bell.Ring(deploymentId);
        }

        return removed;
    }

    public Task ForgetAsync(long deploymentId, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => Forget(db, deploymentId), cancellationToken);

    public async Task ShrinkAsync(CancellationToken cancellationToken)
    {
        while (await _database.WriteAsync(Shrink, cancellationToken))
        {
        }
    }

    public Task<string> CopyToAsync(string folder, CancellationToken cancellationToken) =>
        _database.CopyToAsync(folder, cancellationToken);

    private static List<ClosedLog> ListClosed(SqliteSession db, DateTimeOffset before) => db.All(
        """
        SELECT deployment_id, bytes, closed_at_ms
        FROM log
        WHERE closed_at_ms < $before
            AND closed_at_ms IS NOT NULL
            AND bytes > 0
        ORDER BY closed_at_ms
        """,
        row => new ClosedLog(row.Long(), row.Long(), row.Time()),
        ("$before", before.ToUnixTimeMilliseconds()));

    private static bool RemoveLines(SqliteSession db, long id, string reason)
    {
        if (FindWhole(db, id, reason) is not { } gap)
        {
            return false;
        }

        DeleteLines(db, id);
        DeleteGaps(db, id);
        InsertGap(db, id, gap);
        SetEmpty(db, id);
        return true;
    }

    // What the gaps so far did not count, this one cannot count either.
    private static LogGap? FindWhole(SqliteSession db, long id, string reason) => db.One(
        """
        SELECT last_n,
            (SELECT coalesce(sum(raw_bytes), 0) FROM chunk WHERE deployment_id = $id)
            + (SELECT CASE WHEN count(*) = count(bytes) THEN coalesce(sum(bytes), 0) END
                FROM gap WHERE deployment_id = $id)
        FROM log
        WHERE deployment_id = $id
            AND closed_at_ms IS NOT NULL
            AND bytes > 0
        """,
        row => new LogGap(1, row.Long(), reason, row.LongOrNull()),
        ("$id", id));

    private static void DeleteLines(SqliteSession db, long id) => db.Execute(
        """
        DELETE FROM chunk
        WHERE deployment_id = $id
        """,
        ("$id", id));

    private static void DeleteGaps(SqliteSession db, long id) => db.Execute(
        """
        DELETE FROM gap
        WHERE deployment_id = $id
        """,
        ("$id", id));

    private static void SetEmpty(SqliteSession db, long id) => db.Execute(
        """
        UPDATE log
        SET bytes = 0, head_n = 0, sha256 = $sha256
        WHERE deployment_id = $id
        """,
        ("$sha256", EmptySha256), ("$id", id));

    private static int Forget(SqliteSession db, long id) => db.Execute(
        """
        DELETE FROM log
        WHERE deployment_id = $id
        """,
        ("$id", id));

    // True if there is more to give back. A file that was made without auto_vacuum gives nothing back.
    private static bool Shrink(SqliteSession db)
    {
        var before = db.Run("PRAGMA freelist_count");
        db.Run($"PRAGMA incremental_vacuum({PagesAtOnce})");
        var after = db.Run("PRAGMA freelist_count");
        return after != "0" && after != before;
    }
}
