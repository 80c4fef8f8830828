using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: the one writer, and what it commits together.</summary>
public sealed class SqliteWriterTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly SqliteStores _stores;

    public SqliteWriterTests()
    {
        _stores = new SqliteStores(
            new StoreOptions { DataDirectory = _folder.FullPath, BusyTimeout = TimeSpan.FromSeconds(1) },
            new Bell(),
            TimeProvider.System);
    }

    public async ValueTask InitializeAsync() =>
        await Database.WriteAsync(db => db.Run("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT"), Token);

    public ValueTask DisposeAsync()
    {
        _stores.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteDatabase Database => _stores.Deployments.Database;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_comes_during_a_commit_is_committed_together()
    {
        var before = Database.Writer.Commits;
        using var go = new ManualResetEventSlim();
        var first = Database.WriteAsync(db => { go.Wait(Token); return Insert(db, 0); }, Token);
        var others = Enumerable.Range(1, 100).Select(n => Database.WriteAsync(db => Insert(db, n), Token)).ToList();

        go.Set();
        await Task.WhenAll([first, .. others]);

        Assert.InRange(Database.Writer.Commits - before, 1, 2);
        Assert.Equal(101, await CountAsync());
    }

    [Fact]
    public async Task A_command_that_fails_takes_nothing_but_itself_along()
    {
        using var go = new ManualResetEventSlim();
        var gate = Database.WriteAsync(_ => { go.Wait(Token); return 0; }, Token);
        var good = Database.WriteAsync(db => Insert(db, 1), Token);
        var constraint = Database.WriteAsync(db => { Insert(db, 2); return Insert(db, 1); }, Token);
        var thrown = Database.WriteAsync<int>(db => { Insert(db, 3); throw new FormatException(); }, Token);
        var alsoGood = Database.WriteAsync(db => Insert(db, 4), Token);

        go.Set();

        await Task.WhenAll(gate, good, alsoGood);
        await Assert.ThrowsAsync<SqliteException>(() => constraint);
        await Assert.ThrowsAsync<FormatException>(() => thrown);
        Assert.Equal("1,4", await Database.ReadAsync(db => db.Run("SELECT group_concat(n ORDER BY n) FROM t"), Token));
    }

    [Fact]
    public async Task While_the_ballast_is_given_up_the_database_takes_none_of_its_room_and_catches_up_later()
    {
        const int MoreThanTriggersACheckpoint = 8 * 1024 * 1024;
        await Database.WriteAsync(db => db.Run("CREATE TABLE big (b BLOB) STRICT"), Token);
        _stores.Ballast.GiveUp();
        var before = new FileInfo(_stores.Deployments.Path).Length;

        for (var n = 0; n < 8; n++)
        {
            await Database.WriteAsync(
                db => db.Run($"INSERT INTO big VALUES (zeroblob({MoreThanTriggersACheckpoint / 8}))"), Token);
        }

        Assert.Equal(before, new FileInfo(_stores.Deployments.Path).Length);
        Assert.True(_stores.Ballast.TryMake(1024));
        await Database.WriteAsync(db => Insert(db, 1), Token);
        Assert.True(new FileInfo(_stores.Deployments.Path).Length > MoreThanTriggersACheckpoint);
    }

    [Fact]
    public async Task A_command_whose_caller_gave_up_before_its_turn_does_not_run()
    {
        using var go = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var gate = Database.WriteAsync(_ => { go.Wait(Token); return 0; }, Token);
        var canceled = Database.WriteAsync(db => Insert(db, 1), cancellation.Token);

        await cancellation.CancelAsync();
        go.Set();

        await gate;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_task_completes_only_once_a_reader_sees_what_it_wrote()
    {
        for (var n = 0; n < 200; n++)
        {
            await Database.WriteAsync(db => Insert(db, n), Token);
            Assert.Equal(n + 1, await CountAsync());
        }
    }

    [Fact]
    public async Task A_full_disk_is_told_as_such_and_the_store_goes_on_when_there_is_room()
    {
        await Database.WriteAsync(db => db.Run("CREATE TABLE big (v BLOB) STRICT"), Token);
        var pages = await Database.WriteAsync(db => db.Run("PRAGMA page_count"), Token);
        await Database.WriteAsync(db => db.Run($"PRAGMA max_page_count = {pages}"), Token);

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => Database.WriteAsync(db => db.Run("INSERT INTO big VALUES (zeroblob(1000000))"), Token));
        await Database.WriteAsync(db => db.Run("PRAGMA max_page_count = 1000000"), Token);
        await Database.WriteAsync(db => db.Run("INSERT INTO big VALUES (zeroblob(1000000))"), Token);

        Assert.Contains("full", fault.Message, StringComparison.Ordinal);
        Assert.Equal("1", await Database.ReadAsync(db => db.Run("SELECT count(*) FROM big"), Token));
    }

    [Fact]
    public async Task A_foreign_lock_makes_writes_unavailable_after_the_wait_while_reads_go_on()
    {
        using var foreign = new SqliteConnection($"Data Source={_stores.Deployments.Path};Pooling=False");
        foreign.Open();
        using var transaction = foreign.BeginTransaction(deferred: false);
        var since = TimeProvider.System.GetTimestamp();

        var write = Database.WriteAsync(db => Insert(db, 1), Token);
        var reads = 0;
        while (!write.IsCompleted)
        {
            Assert.Equal(0, await CountAsync());
            reads++;
        }

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(() => write);
        Assert.InRange(TimeProvider.System.GetElapsedTime(since).TotalSeconds, 0.9, 10);
        Assert.Contains("locked", fault.Message, StringComparison.Ordinal);
        Assert.True(reads > 10);

        await transaction.RollbackAsync(Token);
        Assert.Equal(1, await Database.WriteAsync(db => Insert(db, 1), Token));
    }

    [Fact]
    public async Task Every_connection_has_the_settings_that_durability_rests_on()
    {
        string[] pragmas =
            ["journal_mode", "synchronous", "busy_timeout", "foreign_keys", "trusted_schema", "cell_size_check", "temp_store"];

        Assert.Equal(["wal", "2", "1000", "1", "0", "1", "2"], await Database.WriteAsync(Read, Token));
        Assert.Equal(["wal", "2", "1000", "1", "0", "1", "2"], await Database.ReadAsync(Read, Token));
        Assert.Equal(["wal", "1", "1000", "1", "0", "1", "2"], await _stores.Logs.Database.WriteAsync(Read, Token));
        Assert.Equal(
            ["wal", "2", "1000", "1", "0", "1", "2"], await _stores.Logs.Database.WriteDurablyAsync(Read, Token));
        Assert.Equal(["wal", "1", "1000", "1", "0", "1", "2"], await _stores.Logs.Database.WriteAsync(Read, Token));

        string?[] Read(SqliteSession db) => [.. pragmas.Select(pragma => db.Run($"PRAGMA {pragma}"))];
    }

    [Fact]
    public async Task A_log_is_fsynced_when_it_closes_and_not_before()
    {
        var logs = _stores.Logs;
        await logs.OpenAsync(1, Token);

        Assert.Equal("1", await LevelBesideAsync(() => logs.AppendGapAsync(1, new LogGap(1, 1, "lost", null), Token)));
        Assert.Equal("2", await LevelBesideAsync(() => logs.CloseAsync(1, Token)));

        // What is written in the same transaction sees how that is committed.
        async Task<string?> LevelBesideAsync(Func<Task> write)
        {
            using var go = new ManualResetEventSlim();
            var gate = logs.Database.WriteAsync(_ => { go.Wait(Token); return 0; }, Token);
            var writing = write();
            var level = logs.Database.WriteAsync(db => db.Run("PRAGMA synchronous"), Token);
            go.Set();
            await Task.WhenAll(gate, writing, level);
            return await level;
        }
    }

    [Fact]
    public async Task After_the_end_nothing_is_taken_and_the_write_ahead_log_is_empty()
    {
        await Database.WriteAsync(db => Insert(db, 1), Token);

        _stores.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Database.WriteAsync(db => Insert(db, 2), Token));
        Assert.False(File.Exists(_stores.Deployments.Path + "-wal"));
    }

    private static int Insert(SqliteSession db, int n) => db.Execute("INSERT INTO t (n) VALUES ($n)", ("$n", n));

    private Task<int> CountAsync() =>
        Database.ReadAsync(db => db.One("SELECT count(*) FROM t", row => row.Int()), Token);
}
