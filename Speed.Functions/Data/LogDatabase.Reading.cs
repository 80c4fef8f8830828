using Speed.Deployments;

namespace Speed.Data;

/// <summary>How a log is read: chunks and gaps in order of their last line, page by page.</summary>
public sealed partial class LogDatabase
{
    // In memory: this much, and one line more, is held for each reader that is slow.
    private const int PageBytes = 32 * 1024;

    public Task<IReadOnlyList<LogEntry>> ReadAsync(
        long deploymentId, long after, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<LogEntry>>(db => ReadPage(db, deploymentId, after), cancellationToken);

    // Both halves come out of their index in order, so a page reads no more than it gives.
    private static List<LogEntry> ReadPage(SqliteSession db, long id, long after)
    {
        var entries = new List<LogEntry>();
        var room = PageBytes;
        db.Each(
            """
            SELECT last_n, first_n, lines, NULL, NULL
            FROM chunk
            WHERE deployment_id = $id
                AND last_n > $after
            UNION ALL
            SELECT to_n, from_n, NULL, reason, bytes
            FROM gap
            WHERE deployment_id = $id
                AND to_n > $after
            ORDER BY 1
            """,
            row =>
            {
                room = AddEntries(row, after, entries, room);
                return room > 0;
            },
            ("$id", id), ("$after", after));
        return entries;
    }

    // Gives the room that is left.
    private static int AddEntries(Row row, long after, List<LogEntry> entries, int room)
    {
        var (last, first, lines) = (row.Long(), row.Long(), row.BytesOrNull());
        if (lines is not null)
        {
            return LogChunkCodec.Decode(lines, first, after, entries, room);
        }

        var (reason, bytes) = (row.Text(), row.LongOrNull());

        // Of a gap begun before, only the rest is told, and how many bytes that is nobody knows.
        entries.Add(first > after ? new LogGap(first, last, reason, bytes) : new LogGap(after + 1, last, reason, null));
        return room - LogChunkCodec.EntryBytes;
    }
}
