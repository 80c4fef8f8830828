using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace Speed.Data;

/// <summary>
/// A database file before anything is written to it: whether it is ours, of a version we know, and whole.
/// </summary>
internal sealed record DatabaseFile(string Path, int ApplicationId, Migrations Migrations)
{
    private const int HeaderBytes = 100;
    private const int ApplicationIdAt = 68;

    // Some seconds' worth of reading. What is damaged in a larger file shows when it is read.
    private const long MostChecked = 1L << 30;

    /// <summary>True if a new file is made so that it can become smaller again.</summary>
    public bool GivesBack { get; init; }

    public bool IsNew => !File.Exists(Path) || new FileInfo(Path).Length == 0;

    /// <summary>
    /// Throws <see cref="StoreStartException"/> for a file that is foreign, newer or damaged, and leaves it byte
    /// for byte as it is. Before any connection to it: closing a plain stream would drop SQLite's own locks.
    /// </summary>
    public void RefuseUnlessOurs(TimeSpan busyTimeout)
    {
        if (IsNew)
        {
            return;
        }

        CheckHeader();
        try
        {
            using var session = SqliteSession.Open(ReadOnlySource(), SqliteOpenMode.ReadOnly, busyTimeout);
            CheckVersion(session);
            CheckPages(session);
        }
        catch (SqliteException fault) when (fault.IsDamage)
        {
            throw Damaged(fault.Message, fault);
        }
        catch (SqliteException fault) when (fault.IsPassing)
        {
            throw new StoreStartException(fault.ToUnavailable(Path).Message, fault);
        }
    }

    private void CheckHeader()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        try
        {
            using var stream = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes
                || !header.StartsWith("SQLite format 3\0"u8))
            {
                throw Damaged("it is not an SQLite database");
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StoreStartException($"{Path} cannot be read: {fault.Message}", fault);
        }

        var applicationId = BinaryPrimitives.ReadInt32BigEndian(header[ApplicationIdAt..]);
        if (applicationId != ApplicationId)
        {
            throw new StoreStartException(
                $"{Path} is a database of another program (application id {applicationId}). Move it away, or set "
                + "Speed__DataDirectory to another folder.");
        }
    }

    private void CheckVersion(SqliteSession session)
    {
        var version = Migrations.VersionOf(session);
        if (version > Migrations.Latest)
        {
            throw new StoreStartException(
                $"{Path} was written by a newer SPEED (schema {version}; this one knows {Migrations.Latest}). Start "
                + "that version, or restore a backup made by this one.");
        }
    }

    private void CheckPages(SqliteSession session)
    {
        var isSmall = new FileInfo(Path).Length <= MostChecked;
        var verdict = session.Run(isSmall ? "PRAGMA quick_check(1)" : "SELECT 'ok' FROM sqlite_schema LIMIT 1");
        if (verdict != "ok")
        {
            throw Damaged(verdict ?? "it cannot be checked");
        }
    }

    // Without a log to replay, an immutable file shows all there is, and not even a -shm file is made beside it.
    private string ReadOnlySource()
    {
        var wal = new FileInfo(Path + "-wal");
        return wal is { Exists: true, Length: > 0 } ? Path : new Uri(Path).AbsoluteUri + "?immutable=1";
    }

    private StoreStartException Damaged(string why, Exception? inner = null) => new(
        $"{Path} is damaged: {why.TrimEnd('.').ReplaceLineEndings(" ")}. Restore it from a backup, or move it away to begin anew.", inner);
}
