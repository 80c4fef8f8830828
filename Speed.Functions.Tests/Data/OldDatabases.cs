using System.Globalization;
using Microsoft.Data.Sqlite;
using Speed.Data;

namespace Speed.Tests.Data;

/// <summary>Both databases of a data directory as an earlier SPEED left them, and a look into them past SPEED.</summary>
internal static class OldDatabases
{
    public static readonly int Latest = new Migrations("deployments").Latest;
    public static readonly int LatestLogs = new Migrations("logs").Latest;

    /// <summary>Of these schemas, with one deployment in the queue, whose label is <paramref name="label"/>.</summary>
    public static void Make(string folder, int deployments = 1, int logs = 1, string label = "kept")
    {
        Make(Path.Combine(folder, "deployments.db"), 0x53504544, "deployments", deployments);
        Make(Path.Combine(folder, "logs.db"), 0x5350454C, "logs", logs);
        Add(folder, 1, label);
    }

    public static void Add(string folder, int n, string label)
    {
        var options = CanonicalJson.Of(SomeOptions.Of() with { Labels = new Dictionary<string, string> { ["l"] = label } });
        Run(
            Path.Combine(folder, "deployments.db"),
            $"""
            INSERT INTO deployment (worker_id, options, created_at_ms)
            VALUES ('00000000-0000-0000-0000-{n:D12}', '{options}', 1);
            """);
    }

    public static int VersionOf(string folder, string file = "deployments.db") =>
        int.Parse(Run(Path.Combine(folder, file), "PRAGMA user_version")!);

    public static string? LabelsIn(string folder) => Run(
        Path.Combine(folder, "deployments.db"), "SELECT group_concat(options ->> '$.labels.l', ',') FROM deployment");

    public static string? Run(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own constants.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar()?.ToString();
    }

    private static void Make(string path, int applicationId, string scripts, int version)
    {
        Run(path, $"PRAGMA application_id = {applicationId}; PRAGMA journal_mode = WAL;");
        foreach (var name in typeof(Migrations).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith($"{scripts}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .TakeWhile(name => int.Parse(name.AsSpan(scripts.Length + 1, 4), CultureInfo.InvariantCulture) <= version))
        {
            using var script = typeof(Migrations).Assembly.GetManifestResourceStream(name)!;
            using var reader = new StreamReader(script);
            using var session = SqliteSession.Open(path, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(5));
            MigrationFunctions.Define(session);
            session.Run(reader.ReadToEnd());
        }

        Run(path, $"PRAGMA user_version = {version}");
    }
}
