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
    /// True for one that is there and has an older schema. False for what cannot be read: opening it says why.
    /// </summary>
    public bool IsBehind(TimeSpan busyTimeout)
    {
        try
        {
            return !IsNew && VersionOf(busyTimeout) < Migrations.Latest;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    /// <summary>The schema it has.</summary>
    public int VersionOf(TimeSpan busyTimeout)
    {
        using var session = OpenToRead(busyTimeout);
        return Migrations.VersionOf(session);
    }

    /// <summary>
    /// Copies all of it into a folder, by SQLite's own backup in one step. One that is not there yet is an empty file
    /// there.
    /// </summary>
    public void CopyInto(string folder, TimeSpan busyTimeout)
    {
        var copy = System.IO.Path.Combine(folder, System.IO.Path.GetFileName(Path));
        if (IsNew)
        {
            File.Create(copy).Dispose();
            return;
        }

        using var session = OpenToRead(busyTimeout);
        session.CopyTo(copy);
    }

    /// <summary>Opens it and changes nothing.</summary>
    public SqliteSession OpenToRead(TimeSpan busyTimeout) =>
        SqliteSession.Open(ReadOnlySource(), SqliteOpenMode.ReadOnly, busyTimeout);

    /// <summary>As an address that nobody writes through.</summary>
    public string ReadOnlyAddress =>
        new Uri(Path).AbsoluteUri + (HasLog ? "?mode=ro" : "?immutable=1");

    /// <summary>
    /// Throws <see cref="StoreStartException"/> for a file that is foreign, newer or damaged, and leaves it byte
    /// for byte as it is. Before any connection to it: closing a plain stream would drop SQLite's own locks.
    /// </summary>
    /// <param name="thoroughly">Every page and index, however long that takes.</param>
    public void RefuseUnlessOurs(TimeSpan busyTimeout, bool thoroughly = false)
    {
        if (IsNew)
        {
            return;
        }

        CheckHeader();
        try
        {
            using var session = OpenToRead(busyTimeout);
            CheckVersion(session);
            CheckPages(session, thoroughly);
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

    private void CheckPages(SqliteSession session, bool thoroughly)
    {
        var isSmall = new FileInfo(Path).Length <= MostChecked;
        var verdict = session.Run(
            thoroughly ? "PRAGMA integrity_check(1)"
            : isSmall ? "PRAGMA quick_check(1)"
            : "SELECT 'ok' FROM sqlite_schema LIMIT 1");
        if (verdict != "ok")
        {
            throw Damaged(verdict ?? "it cannot be checked");
        }
    }

    // Without a log to replay, an immutable file shows all there is, and not even a -shm file is made beside it.
    private string ReadOnlySource() => HasLog ? Path : ReadOnlyAddress;

    private bool HasLog => new FileInfo(Path + "-wal") is { Exists: true, Length: > 0 };

    private StoreStartException Damaged(string why, Exception? inner = null) => new(
        $"{Path} is damaged: {why.TrimEnd('.').ReplaceLineEndings(" ")}. Restore it from a backup, or move it away to begin anew.", inner);
}
