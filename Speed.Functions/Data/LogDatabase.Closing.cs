using System.Security.Cryptography;
using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>How a log ends: with a fingerprint over what is stored, on the disk before the end is told.</summary>
public sealed partial class LogDatabase
{
    public async Task<LogSummary> CloseAsync(long deploymentId, CancellationToken cancellationToken)
    {
        // By a reader: hashing a long log on the writer's thread would hold up all others.
        var sha256 = await _database.ReadAsync(db => Hash(db, deploymentId), cancellationToken);
        var summary = await _database.WriteDurablyAsync(
            db =>
            {
                SetClosed(db, deploymentId, sha256);
                return Summarize(db, deploymentId);
            },
            cancellationToken);
        _bell.Ring(deploymentId);
        return summary;
    }

    public Task<LogSummary> SummarizeAsync(long deploymentId, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => Summarize(db, deploymentId), cancellationToken);

    public Task<IReadOnlyDictionary<long, LogSummary>> SummarizeAsync(
        IReadOnlyCollection<long> deploymentIds, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyDictionary<long, LogSummary>>(db => Summarize(db, deploymentIds), cancellationToken);

    private static string Hash(SqliteSession db, long id)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        db.Each(
            """
            SELECT lines
            FROM chunk
            WHERE deployment_id = $id
            ORDER BY last_n
            """,
            row =>
            {
                LogChunkCodec.Hash(row.Bytes(), hash);
                return true;
            },
            ("$id", id));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void SetClosed(SqliteSession db, long id, string sha256) => db.Execute(
        """
        INSERT INTO log (deployment_id, sha256, closed_at_ms)
        VALUES ($id, $sha256, $now)
        ON CONFLICT (deployment_id) DO UPDATE
        SET sha256 = excluded.sha256, closed_at_ms = coalesce(closed_at_ms, excluded.closed_at_ms)
        """,
        ("$id", id), ("$sha256", sha256), ("$now", _time.GetUtcNow().ToUnixTimeMilliseconds()));

    private static LogSummary Summarize(SqliteSession db, long id) => db.One(
        """
        SELECT last_n, bytes, sha256,
            closed_at_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gap WHERE gap.deployment_id = log.deployment_id)
        FROM log
        WHERE deployment_id = $id
        """,
        ReadSummary,
        ("$id", id)) ?? LogSummary.Empty;

    private static Dictionary<long, LogSummary> Summarize(SqliteSession db, IReadOnlyCollection<long> ids) => db.All(
        """
        SELECT deployment_id, last_n, bytes, sha256,
            closed_at_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gap WHERE gap.deployment_id = log.deployment_id)
        FROM log
        WHERE deployment_id IN (SELECT value FROM json_each($ids))
        """,
        row => (Id: row.Long(), Summary: ReadSummary(row)),
        ("$ids", JsonSerializer.Serialize(ids))).ToDictionary(log => log.Id, log => log.Summary);

    private static LogSummary ReadSummary(Row row)
    {
        var (lines, bytes, sha256, complete) = (row.Long(), row.Long(), row.TextOrNull(), row.Flag());
        return new LogSummary(lines, bytes, complete, sha256);
    }
}
