using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// The log lines in their own SQLite database, <c>logs.db</c>, with its own writer: a chatty container delays
/// no acknowledgement. Commits are not fsynced but for the one that closes a log.
/// </summary>
public sealed partial class LogDatabase : ILogStore, IDisposable
{
    private readonly SqliteDatabase _database;
    private readonly long _maxBytes;
    private readonly Bell _bell;
    private readonly TimeProvider _time;
    private readonly StoreMeter? _meter;

    /// <summary>Opens, makes or migrates the database. Throws <see cref="StoreStartException"/>.</summary>
    public LogDatabase(DataDirectory directory, StoreOptions options, Bell bell, TimeProvider time, StoreMeter? meter = null)
    {
        _database = SqliteDatabase.Open(
            directory.PrepareFiles(options.LockTimeout).Logs,
            alwaysDurable: false,
            options.BusyTimeout,
            onFullDisk: directory.Ballast.GiveUpForStore,
            holdsCheckpoints: () => directory.Ballast.IsGivenUp,
            onCommit: took => meter?.Committed("logs", took));
        _meter = meter;
        _maxBytes = options.LogMaxBytes;
        _bell = bell;
        _time = time;
    }

    internal SqliteDatabase Database => _database;

    public void Dispose() => _database.Dispose();
}
