using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// How the middle of a log becomes one gap: chunk after chunk, oldest first, with whatever gaps lie between.
/// </summary>
public sealed partial class LogDatabase
{
    private void Drop(SqliteSession db, long id, Dropped chunk)
    {
        DeleteChunk(db, id, chunk.LastN);
        Shrink(db, id, chunk.TextBytes);

        var from = FindOverLimit(db, id)?.From ?? chunk.FirstN;
        long? bytes = chunk.RawBytes;
        foreach (var gap in TakeGaps(db, id, from, chunk.LastN))
        {
            // Null stays null: part of what is missing was never counted.
            bytes += gap.Bytes;
        }

        InsertOverLimit(db, id, new LogGap(from, chunk.LastN, $"over the log limit of {_maxBytes} bytes", bytes));
    }

    private static Dropped? FindOldestInTail(SqliteSession db, long id, long headN) => db.One(
        """
        SELECT first_n, last_n, text_bytes, raw_bytes
        FROM chunk
        WHERE deployment_id = $id
            AND last_n > $head
        ORDER BY last_n
        LIMIT 1
        """,
        row => new Dropped(row.Long(), row.Long(), row.Long(), row.Long()),
        ("$id", id), ("$head", headN));

    private static void DeleteChunk(SqliteSession db, long id, long lastN) => db.Execute(
        """
        DELETE FROM chunk
        WHERE deployment_id = $id
            AND last_n = $last
        """,
        ("$id", id), ("$last", lastN));

    private static void Shrink(SqliteSession db, long id, long textBytes) => db.Execute(
        """
        UPDATE log
        SET bytes = bytes - $text_bytes
        WHERE deployment_id = $id
        """,
        ("$text_bytes", textBytes), ("$id", id));

    private static LogGap? FindOverLimit(SqliteSession db, long id) => db.One(
        """
        SELECT from_n, to_n, reason, bytes
        FROM gap
        WHERE deployment_id = $id
            AND over_limit = 1
        """,
        ReadGap,
        ("$id", id));

    private static List<LogGap> TakeGaps(SqliteSession db, long id, long from, long to) => db.All(
        """
        DELETE FROM gap
        WHERE deployment_id = $id
            AND to_n BETWEEN $from AND $to
        RETURNING from_n, to_n, reason, bytes
        """,
        ReadGap,
        ("$id", id), ("$from", from), ("$to", to));

    private static void InsertOverLimit(SqliteSession db, long id, LogGap gap) => db.Execute(
        """
        INSERT INTO gap (deployment_id, to_n, from_n, reason, bytes, over_limit)
        VALUES ($id, $to, $from, $reason, $bytes, 1)
        """,
        ("$id", id), ("$to", gap.To), ("$from", gap.From), ("$reason", gap.Reason), ("$bytes", gap.Bytes));

    private static LogGap ReadGap(Row row) => new(row.Long(), row.Long(), row.Text(), row.LongOrNull());

    private sealed record Dropped(long FirstN, long LastN, long TextBytes, long RawBytes);
}
