using System.Globalization;
using System.Reflection;
using Microsoft.Data.Sqlite;
using Speed.Data;

namespace Speed.Tests.Volumes;

/// <summary>A deployments.db as the SPEED made it that worked the names of volumes out: schema 13, with the rows that a test says.</summary>
internal sealed class OldDatabase : IDisposable
{
    private const int Schema = 13;
    private const string Commit = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";

    private readonly SqliteConnection _connection;
    private long _now = 1_700_000_000_000;

    public OldDatabase(string file)
    {
        _connection = new SqliteConnection($"Data Source={file};Pooling=False");
        _connection.Open();
        Run("PRAGMA application_id = 1397769540");
        Run("PRAGMA journal_mode = wal");
        foreach (var script in Scripts())
        {
            Run(script);
        }

        Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Schema}"));
        Instance = Read("SELECT name FROM instance");
    }

    public string Instance { get; }

    /// <summary>One whose repository was fetched; it has not begun to run.</summary>
    public long Add(OldDeployment one)
    {
        var options = new
        {
            url = one.Url,
            branch = one.AskedBranch,
            subdirectory = one.Subdirectory,
            volumes = one.Volumes.Select(name => new { name, path = $"/{name}" }),
            timeouts = new { queue_s = 1, clone_s = 1, build_s = 1, start_s = 1, run_s = 1 },
            build_resources = new { memory_mb = 64, cpus = 1 },
            resources = new { memory_mb = 64, cpus = 1, pids = 64 },
        };
        var id = long.Parse(
            Read(
                """
                INSERT INTO deployment (worker_id, options, branch, created_at_ms)
                VALUES ($worker, $options, $branch, $now)
                RETURNING id
                """,
                ("$worker", Guid.NewGuid().ToString()), ("$options", System.Text.Json.JsonSerializer.Serialize(options)),
                ("$branch", one.AskedBranch), ("$now", _now++)),
            CultureInfo.InvariantCulture);
        Run(
            """
            UPDATE deployment
            SET status = 'Running', phase = 'clone', owner = 'old', attempt = 1, epoch = 1, version = version + 1, started_at_ms = $now
            WHERE id = $id
            """,
            ("$now", _now++), ("$id", id));
        Run(
            """
            UPDATE deployment
            SET branch = $branch, commit_id = $commit, image_id = $image, kind = $kind, version = version + 1
            WHERE id = $id
            """,
            ("$branch", one.Branch), ("$commit", Commit), ("$image", $"sha256:{id}"), ("$kind", one.IsJob ? "job" : "service"),
            ("$id", id));
        Run("UPDATE deployment SET phase = 'run', version = version + 1 WHERE id = $id", ("$id", id));
        return id;
    }

    public void Start(long id) =>
        Run("UPDATE deployment SET start_asked_at_ms = $now WHERE id = $id", ("$now", _now++), ("$id", id));

    public void BecomeUp(long id) => Run(
        """
        UPDATE deployment
        SET up_at_ms = $now, first_up_at_ms = coalesce(first_up_at_ms, $now), version = version + 1
        WHERE id = $id
        """,
        ("$now", _now++), ("$id", id));

    public void BeginAnew(long id) => Run(
        """
        UPDATE deployment
        SET attempt = attempt + 1, start_asked_at_ms = NULL, up_at_ms = NULL, version = version + 1
        WHERE id = $id
        """,
        ("$id", id));

    public void Cancel(long id)
    {
        Run(
            """
            UPDATE deployment
            SET cancel_by = 'api', cancel_requested_at_ms = $now, version = version + 1
            WHERE id = $id
            """,
            ("$now", _now++), ("$id", id));
        Run(
            """
            UPDATE deployment
            SET status = 'Canceled', phase = NULL, failure_code = 'CANCELED', failure_message = 'Canceled by api.',
                ended_at_ms = $now, cancel_confirmed_at_ms = $now, log_closed_at_ms = $now, version = version + 1
            WHERE id = $id
            """,
            ("$now", _now++), ("$id", id));
    }

    public void Dispose() => _connection.Dispose();

    private static IEnumerable<string> Scripts()
    {
        var assembly = typeof(DbManager).Assembly;
        return
            from name in assembly.GetManifestResourceNames()
            let plain = name.Replace('\\', '/')
            where plain.StartsWith("deployments/", StringComparison.Ordinal)
                && int.Parse(plain.AsSpan("deployments/".Length, 4), CultureInfo.InvariantCulture) <= Schema
            orderby plain
            select Text(assembly, name);
    }

    private static string Text(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private void Run(string sql, params (string, object?)[] parameters)
    {
        using var command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private string Read(string sql, params (string, object?)[] parameters)
    {
        using var command = Command(sql, parameters);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }

    private SqliteCommand Command(string sql, (string, object?)[] parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own constants.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}

/// <param name="AskedBranch">Null: the remote's HEAD.</param>
/// <param name="Branch">As it was recorded.</param>
internal sealed record OldDeployment(string Url, string? AskedBranch, string Branch, params string[] Volumes)
{
    public string Subdirectory { get; init; } = ".";

    public bool IsJob { get; init; }
}
