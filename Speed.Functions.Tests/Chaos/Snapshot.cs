using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;

namespace Speed.Tests.Chaos;

/// <summary>What the database files hold, read past SPEED.</summary>
internal sealed class Snapshot
{
    // What may still change between an end and the closing of its log.
    private static readonly string[] Moving = ["owner", "epoch", "version", "log_closed_at_ms"];

    private readonly string _folder;

    private Snapshot(string folder) => _folder = folder;

    public required IReadOnlyDictionary<long, DeploymentRow> Rows { get; init; }

    /// <summary>By deployment: its statuses with their versions, in order.</summary>
    public required ILookup<long, (DeploymentStatus Status, long Version)> History { get; init; }

    /// <summary>By deployment, in order.</summary>
    public required ILookup<long, (string Source, string Value)> Results { get; init; }

    /// <summary>What SQLite says of both files.</summary>
    public required IReadOnlyList<string?> Integrity { get; init; }

    public static Snapshot Read(string folder)
    {
        using var deployments = Open(folder, "deployments.db");
        using var logs = Open(folder, "logs.db");
        return new Snapshot(folder)
        {
            Rows = ReadRows(deployments).ToDictionary(row => row.Id),
            History = deployments.All(
                "SELECT deployment_id, status, version FROM history ORDER BY deployment_id, seq",
                row => (Id: row.Long(), What: (row.Word<DeploymentStatus>(), row.Long())))
                .ToLookup(change => change.Id, change => change.What),
            Results = deployments.All(
                "SELECT deployment_id, source, value FROM result ORDER BY deployment_id, seq",
                row => (Id: row.Long(), What: (row.Text(), row.Text())))
                .ToLookup(result => result.Id, result => result.What),
            Integrity = [deployments.Run("PRAGMA integrity_check"), logs.Run("PRAGMA integrity_check")],
        };
    }

    /// <summary>The deployments at work under SPEED, and whose each is. May be asked while SPEED runs.</summary>
    public static IReadOnlyList<(long Id, string Owner)> Owners(string folder)
    {
        using var deployments = Open(folder, "deployments.db");
        return deployments.All(
            "SELECT id, owner FROM deployment WHERE status = 'Running' AND run_by = 'speed'",
            row => (row.Long(), row.Text()));
    }

    public static string InstanceOf(string folder)
    {
        using var deployments = Open(folder, "deployments.db");
        return deployments.Run("SELECT name FROM instance")!;
    }

    /// <summary>All lines and gaps of one log, in order.</summary>
    public IReadOnlyList<LogEntry> LogOf(long id)
    {
        using var logs = Open(_folder, "logs.db");
        List<LogEntry> entries = [];
        logs.Each(
            "SELECT first_n, lines FROM chunk WHERE deployment_id = $id",
            row =>
            {
                var first = row.Long();
                LogChunkCodec.Decode(row.Bytes(), first, 0, entries, room: int.MaxValue);
                return true;
            },
            ("$id", id));
        entries.AddRange(logs.All(
            "SELECT from_n, to_n, reason FROM gap WHERE deployment_id = $id",
            row => new LogGap(row.Long(), row.Long(), row.Text(), null),
            ("$id", id)));
        return [.. entries.OrderBy(entry => entry.Last)];
    }

    private static SqliteSession Open(string folder, string name) =>
        SqliteSession.Open(Path.Combine(folder, name), SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(5));

    private static List<DeploymentRow> ReadRows(SqliteSession deployments)
    {
        var columns = deployments.All("SELECT name FROM pragma_table_info('deployment')", row => row.Text());
        return deployments.All(
            $"""
            SELECT id, status, exit_code, failure_code, log_closed_at_ms IS NOT NULL,
                {Print(columns)}, {Print(columns.Except(Moving))}
            FROM deployment
            """,
            row => new DeploymentRow(
                row.Long(), row.Word<DeploymentStatus>(), row.IntOrNull(), row.TextOrNull(), row.Flag(),
                row.Text(), row.Text()));
    }

    private static string Print(IEnumerable<string> columns) =>
        string.Join(" || '|' || ", columns.Select(column => $"quote({column})"));
}

/// <summary>One deployment as it is stored.</summary>
/// <param name="ExitCode">Of the program; null where its end was declared, or it never ran to its end.</param>
/// <param name="IsClosed">Ended, and its log with it: nothing may ever change again.</param>
/// <param name="Print">Every column's value.</param>
/// <param name="EndPrint">Those that an end fixes, even while the log is open.</param>
internal sealed record DeploymentRow(
    long Id, DeploymentStatus Status, int? ExitCode, string? FailureCode, bool IsClosed, string Print,
    string EndPrint);
