using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// The store of deployments in one SQLite database, <c>deployments.db</c>. Each part of this class is one
/// chapter of <see cref="IDeploymentStore"/>. Dispose it to commit what has come and to empty the write-ahead log.
/// </summary>
public sealed partial class DbManager : IDeploymentStore, IDisposable
{
    private readonly SqliteDatabase _database;
    private readonly Bell _bell;
    private readonly TimeProvider _time;

    /// <summary>Opens, makes or migrates the database. Throws <see cref="StoreStartException"/>.</summary>
    public DbManager(DataDirectory directory, StoreOptions options, Bell bell, TimeProvider time, StoreMeter? meter = null)
    {
        var file = directory.PrepareFiles(options.LockTimeout).Deployments;
        Path = file.Path;
        _database = SqliteDatabase.Open(
            file,
            alwaysDurable: true,
            options.BusyTimeout,
            onFullDisk: directory.Ballast.GiveUpForStore,
            holdsCheckpoints: () => directory.Ballast.IsGivenUp,
            onCommit: took => meter?.Committed("deployments", took));
        _bell = bell;
        _time = time;
        (_openedAtMs, _openedAt) = (Now, time.GetTimestamp());
        Instance = _database.ReadAsync(ReadInstance, CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>The database file.</summary>
    public string Path { get; }

    public string Instance { get; }

    internal SqliteDatabase Database => _database;

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Dispose() => _database.Dispose();

    private static string ReadInstance(SqliteSession db) => db.One(
        """
        SELECT name
        FROM instance
        """,
        row => row.Text())!;

    private async Task<bool> ChangeAsync(
        long id, Func<SqliteSession, bool> change, CancellationToken cancellationToken)
    {
        var changed = await _database.WriteAsync(change, cancellationToken);
        if (changed)
        {
            Ring(id);
        }

        return changed;
    }

    private void Ring(long id)
    {
        _bell.Ring(id);
        _bell.Ring(Bell.Changes);
    }

    private void RingQueueToo(long id)
    {
        Ring(id);
        _bell.Ring(Bell.Queue);
    }
}
