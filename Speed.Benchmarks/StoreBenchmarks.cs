using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;

namespace Speed.Benchmarks;

/// <summary>
/// Durable inserts by many callers at once: through the store's one writer, against a transaction for each insert
/// on a connection behind a lock, with the same pragmas.
/// </summary>
[MemoryDiagnoser]
public class StoreBenchmarks : IDisposable
{
    private static readonly DeploymentOptions Options = new()
    {
        Url = "https://example.com/app.git",
        Branch = "main",
        Timeouts = new Timeouts(),
        BuildResources = new BuildResources { MemoryMb = 2_048, Cpus = 1 },
        Resources = new Resources { MemoryMb = 512, Cpus = 1, Pids = 100 },
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("speed-benchmark-").FullName;
    private readonly Lock _lock = new();
    private DataDirectory _directory = null!;
    private DbManager _store = null!;
    private SqliteConnection _connection = null!;

    [Params(1, 64)]
    public int Callers { get; set; }

    [GlobalSetup]
    public void Open()
    {
        var options = new StoreOptions { DataDirectory = _folder };
        _directory = new DataDirectory(options);
        _store = new DbManager(_directory, options, new Bell(), TimeProvider.System);
        _connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "baseline.db")}");
        _connection.Open();
        Execute("PRAGMA journal_mode = WAL");
        Execute("PRAGMA synchronous = FULL");
        Execute("CREATE TABLE IF NOT EXISTS deployment (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT, branch TEXT) STRICT");
    }

    [GlobalCleanup]
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _store.Dispose();
        _directory.Dispose();
        _connection.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public Task CommitEach() => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(() =>
    {
        lock (_lock)
        {
            Execute("INSERT INTO deployment (url, branch) VALUES ('https://example.com/app.git', 'main')");
        }
    })));

    [Benchmark]
    public Task OneWriter() => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ =>
        _store.AddAsync(new NewDeployment(Options, null, int.MaxValue), CancellationToken.None)));

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Only our own constants get here.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
