using Microsoft.Data.Sqlite;

namespace Speed.Data;

/// <summary>One SQLite database: its one writer and its readers. Made and migrated when it is opened.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly SqliteReaders _readers;

    private SqliteDatabase(SqliteWriter writer, SqliteReaders readers) => (Writer, _readers) = (writer, readers);

    public SqliteWriter Writer { get; }

    /// <summary>
    /// Throws <see cref="StoreStartException"/> where the file is not usable. <paramref name="alwaysDurable"/>:
    /// every commit is fsynced; else only those that ask for it. <paramref name="onFullDisk"/>: called by the writer
    /// each time it meets one. <paramref name="holdsCheckpoints"/>: true while none is to be made.
    /// <paramref name="onCommit"/>: with how long each commit took.
    /// </summary>
    public static SqliteDatabase Open(
        DatabaseFile file, bool alwaysDurable, TimeSpan busyTimeout, Action onFullDisk, Func<bool> holdsCheckpoints,
        Action<TimeSpan> onCommit)
    {
        file.RefuseUnlessOurs(busyTimeout);
        try
        {
            var session = OpenForWriting(file, alwaysDurable, busyTimeout);
            return new SqliteDatabase(
                new SqliteWriter(session, file.Path, alwaysDurable, busyTimeout, onFullDisk, holdsCheckpoints, onCommit),
                new SqliteReaders(file.Path, busyTimeout));
        }
        catch (SqliteException fault)
        {
            throw NotOpened(file, fault);
        }
    }

    public Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken) =>
        _readers.ReadAsync(read, cancellationToken);

    public Task<T> WriteAsync<T>(Func<SqliteSession, T> write, CancellationToken cancellationToken) =>
        Writer.WriteAsync(write, durable: false, cancellationToken);

    /// <summary>As <see cref="WriteAsync"/>, and fsynced whatever the database's habit.</summary>
    public Task<T> WriteDurablyAsync<T>(Func<SqliteSession, T> write, CancellationToken cancellationToken) =>
        Writer.WriteAsync(write, durable: true, cancellationToken);

    /// <summary>
    /// Copies the whole database as of now into a folder, in one step: one step by step would begin anew with every
    /// write.
    /// </summary>
    public async Task<string> CopyToAsync(string folder, CancellationToken cancellationToken)
    {
        var copy = Path.Combine(folder, Path.GetFileName(Writer.Path));
        return await Task.Run(() => ReadAsync(CopyTo, cancellationToken), cancellationToken);

        string CopyTo(SqliteSession session)
        {
            session.CopyTo(copy);
            return copy;
        }
    }

    public void Dispose()
    {
        // Readers first: the last connection to close is the writer's, which can empty the write-ahead log.
        _readers.Dispose();
        Writer.Dispose();
    }

    /// <summary>Brings one to the latest schema. Throws <see cref="StoreStartException"/> where it cannot be opened.</summary>
    public static void Migrate(DatabaseFile file, TimeSpan busyTimeout)
    {
        try
        {
            OpenForWriting(file, alwaysDurable: true, busyTimeout).Dispose();
        }
        catch (SqliteException fault)
        {
            throw NotOpened(file, fault);
        }
    }

    private static StoreStartException NotOpened(DatabaseFile file, SqliteException fault) => new(
        fault.IsPassing
            ? fault.ToUnavailable(file.Path).Message
            : $"{file.Path} cannot be opened: {fault.Message}",
        fault);

    private static SqliteSession OpenForWriting(DatabaseFile file, bool alwaysDurable, TimeSpan busyTimeout)
    {
        var isNew = file.IsNew;
        var session = SqliteSession.Open(file.Path, SqliteOpenMode.ReadWriteCreate, busyTimeout);
        try
        {
            if (isNew)
            {
                // Before the first table, or it has no effect: the file can give back what was deleted.
                session.Set("auto_vacuum", file.GivesBack ? "2" : "0");

                // Before WAL, so that the file itself, not only the log beside it, says whose it is.
                session.Set("application_id", $"{file.ApplicationId}");
            }

            session.Set("journal_mode", "wal");
            file.Migrations.Apply(session);
            session.Set("synchronous", alwaysDurable ? "2" : "1");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }
}
