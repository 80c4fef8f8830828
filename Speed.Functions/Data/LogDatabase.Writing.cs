using Speed.Deployments;

namespace Speed.Data;

/// <summary>How a log grows: line by line at its end, and beyond its limit by dropping from its middle.</summary>
public sealed partial class LogDatabase
{
    public Task<long> OpenAsync(long deploymentId, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => Open(db, deploymentId), cancellationToken);

    public async Task AppendAsync(long deploymentId, LogChunk chunk, CancellationToken cancellationToken)
    {
        var lines = LogChunkCodec.Encode(chunk.Lines, out var textBytes);
        var stored = new Chunk(chunk.Lines[0].N, chunk.Lines[^1].N, textBytes, chunk.RawBytes, lines);
        await _database.WriteAsync(db => Append(db, deploymentId, stored), cancellationToken);
        _meter?.LogStored(chunk.Lines.Count, textBytes);
        _bell.Ring(deploymentId);
    }

    public async Task AppendGapAsync(long deploymentId, LogGap gap, CancellationToken cancellationToken)
    {
        await _database.WriteAsync(db => AppendGap(db, deploymentId, gap), cancellationToken);
        _bell.Ring(deploymentId);
    }

    private static long Open(SqliteSession db, long id) => db.One(
        """
        INSERT INTO log (deployment_id)
        VALUES ($id)
        ON CONFLICT (deployment_id) DO UPDATE
        SET sha256 = NULL, closed_at_ms = NULL
        RETURNING last_n
        """,
        row => row.Long(),
        ("$id", id));

    private bool Append(SqliteSession db, long id, Chunk chunk)
    {
        var log = Extend(db, id, chunk.FirstN, chunk.LastN, chunk.TextBytes);
        InsertChunk(db, id, chunk);
        while (log.Bytes > _maxBytes && FindOldestInTail(db, id, log.HeadN) is { } oldest && oldest.LastN < chunk.LastN)
        {
            Drop(db, id, oldest);
            log = log with { Bytes = log.Bytes - oldest.TextBytes };
        }

        return true;
    }

    private bool AppendGap(SqliteSession db, long id, LogGap gap)
    {
        Extend(db, id, gap.From, gap.To, textBytes: 0);
        return InsertGap(db, id, gap);
    }

    // The head grows as long as everything so far fits into half the limit.
    private Extent Extend(SqliteSession db, long id, long firstN, long lastN, long textBytes) => db.One(
        """
        UPDATE log
        SET last_n = $last,
            bytes = bytes + $text_bytes,
            head_n = CASE WHEN head_n = last_n AND bytes + $text_bytes <= $half THEN $last ELSE head_n END
        WHERE deployment_id = $id
            AND last_n = $first - 1
            AND closed_at_ms IS NULL
        RETURNING head_n, bytes
        """,
        row => new Extent(row.Long(), row.Long()),
        ("$last", lastN), ("$text_bytes", textBytes), ("$half", _maxBytes / 2), ("$id", id), ("$first", firstN))
        ?? throw new InvalidOperationException(
            $"The log of deployment {id} is not open, or does not end before line {firstN}.");

    private static void InsertChunk(SqliteSession db, long id, Chunk chunk) => db.Execute(
        """
        INSERT INTO chunk (deployment_id, last_n, first_n, text_bytes, raw_bytes, lines)
        VALUES ($id, $last, $first, $text_bytes, $raw_bytes, $lines)
        """,
        ("$id", id), ("$last", chunk.LastN), ("$first", chunk.FirstN),
        ("$text_bytes", chunk.TextBytes), ("$raw_bytes", chunk.RawBytes), ("$lines", chunk.Lines));

    private static bool InsertGap(SqliteSession db, long id, LogGap gap) => db.Execute(
        """
        INSERT INTO gap (deployment_id, to_n, from_n, reason, bytes)
        VALUES ($id, $to, $from, $reason, $bytes)
        """,
        ("$id", id), ("$to", gap.To), ("$from", gap.From), ("$reason", gap.Reason), ("$bytes", gap.Bytes)) > 0;

    private sealed record Chunk(long FirstN, long LastN, long TextBytes, long RawBytes, byte[] Lines);

    private sealed record Extent(long HeadN, long Bytes);
}
