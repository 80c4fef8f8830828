using Microsoft.Data.Sqlite;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// What the database that is replaced knows and a backup does not: which numbers are given away, how far deployments
/// have come, and rows that are true whatever becomes of the deployments. It is read as it is, of any schema, and not
/// written to.
/// </summary>
internal sealed class ReplacedRows(DatabaseFile restored, DatabaseFile replaced, TimeSpan busyTimeout)
{
    /// <summary>
    /// The tables whose rows are carried over into the restored database, by the columns that both have. Where both
    /// have a row of one key, the older one stays, or the newer one wins.
    /// </summary>
    internal static readonly IReadOnlyList<CarriedTable> CarriedTables =
    [
        // What was done was done.
        new("audit", NewerWins: false),
    ];

    /// <summary>Why it could not be read, or not whole; null where it could.</summary>
    public string? Fault { get; private set; }

    /// <summary>How far those deployments have come that are not over in the restored database.</summary>
    public IReadOnlyDictionary<long, ReplacedDeployment> Deployments { get; private set; } =
        new Dictionary<long, ReplacedDeployment>();

    /// <summary>Tokens that are valid in the restored database and were revoked since.</summary>
    public IReadOnlyList<string> RevokedTokens { get; private set; } = [];

    /// <summary>Carries over what can be read; what cannot, is told by <see cref="Fault"/>.</summary>
    public void CarryOver()
    {
        if (replaced.IsNew)
        {
            return;
        }

        try
        {
            using var db = SqliteSession.Open(
                new Uri(restored.Path).AbsoluteUri, SqliteOpenMode.ReadWrite, busyTimeout);
            db.Execute("ATTACH DATABASE $address AS replaced", ("$address", replaced.ReadOnlyAddress));
            Try(() => RaiseSequences(db));
            if (IsOfOneInstance(db))
            {
                Try(() => Deployments = ReadDeployments(db));
                Try(() => RevokedTokens = ReadRevokedTokens(db));
                Try(() => CarryTables(db, CarriedTables));
                Try(() => CarryVolumes(db));
            }
        }
        catch (SqliteException fault)
        {
            Fault ??= fault.Message;
        }
    }

    // A damaged file may still give the other things.
    private void Try(Action step)
    {
        try
        {
            step();
        }
        catch (SqliteException fault)
        {
            Fault ??= fault.Message;
        }
    }

    // By the name that its containers bear: numbers of another SPEED's deployments mean others.
    private bool IsOfOneInstance(SqliteSession db)
    {
        var isOne = false;
        Try(() => isOne = db.One(
            """
            SELECT EXISTS (SELECT 1 FROM main.instance a JOIN replaced.instance b ON b.name = a.name)
            """,
            row => row.Flag()));
        return isOne;
    }

    // Of every table that counts its rows: what was given away is not given again. One more for events: who missed
    // some finds a hole there, and begins anew.
    private static void RaiseSequences(SqliteSession db)
    {
        db.Execute(
            """
            INSERT INTO main.sqlite_sequence (name, seq)
            SELECT r.name, 0
            FROM replaced.sqlite_sequence r
            JOIN main.sqlite_schema t ON t.name = r.name AND t.type = 'table' AND t.sql LIKE '%AUTOINCREMENT%'
            WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_sequence m WHERE m.name = r.name)
            """);
        db.Execute(
            """
            UPDATE main.sqlite_sequence
            SET seq = max(seq, (SELECT r.seq FROM replaced.sqlite_sequence r WHERE r.name = main.sqlite_sequence.name))
                + (name = 'event')
            WHERE name IN (SELECT name FROM replaced.sqlite_sequence)
            """);
    }

    private static Dictionary<long, ReplacedDeployment> ReadDeployments(SqliteSession db) => db.All(
        """
        SELECT r.id, r.status, r.attempt, r.epoch, r.start_asked_at_ms IS NOT NULL
        FROM replaced.deployment r
        JOIN main.deployment m ON m.id = r.id AND m.worker_id = r.worker_id
        WHERE m.ended_at_ms IS NULL
        """,
        row => (Id: row.Long(), One: new ReplacedDeployment(
            row.Word<DeploymentStatus>(), row.Int(), row.Long(), row.Flag())))
        .ToDictionary(row => row.Id, row => row.One);

    private static List<string> ReadRevokedTokens(SqliteSession db) => db.All(
        """
        SELECT m.name
        FROM main.token m
        WHERE NOT EXISTS (SELECT 1 FROM replaced.token r WHERE r.id = m.id)
        ORDER BY m.name
        """,
        row => row.Text());

    // By the service and the name that they are of: the number of a row means nothing in the other database. A volume that
    // the backup had still to choose a name for has had it chosen since.
    private static void CarryVolumes(SqliteSession db)
    {
        if (!db.One(
            "SELECT EXISTS (SELECT 1 FROM replaced.sqlite_schema WHERE type = 'table' AND name = 'volume')",
            row => row.Flag()))
        {
            return;
        }

        db.Execute(
            """
            INSERT INTO main.volume (identity, branch, subdirectory, service, name, engine_name, owner, made_at_ms)
            SELECT identity, branch, subdirectory, service, name, engine_name, owner, made_at_ms
            FROM replaced.volume
            WHERE TRUE
            ON CONFLICT (identity, branch, subdirectory, service, name) DO UPDATE
            SET engine_name = coalesce(engine_name, excluded.engine_name),
                made_at_ms = coalesce(made_at_ms, excluded.made_at_ms)
            """);
        db.Execute(
            """
            INSERT OR IGNORE INTO main.volume_candidate (volume_id, place, engine_name)
            SELECT m.id, c.place, c.engine_name
            FROM replaced.volume_candidate c
            JOIN replaced.volume r ON r.id = c.volume_id
            JOIN main.volume m ON (m.identity, m.branch, m.subdirectory, m.service, m.name)
                = (r.identity, r.branch, r.subdirectory, r.service, r.name)
            WHERE m.engine_name IS NULL
            """);
        db.Execute(
            """
            INSERT OR IGNORE INTO main.bare_container (container, deployment_id, paths, copy, found_at_ms)
            SELECT container, deployment_id, paths, copy, found_at_ms
            FROM replaced.bare_container
            """);
    }

    /// <summary>Copies the rows of each of these tables that is in both databases.</summary>
    internal static void CarryTables(SqliteSession db, IReadOnlyList<CarriedTable> tables)
    {
        foreach (var table in tables)
        {
            var columns = string.Join(", ", db.All(
                """
                SELECT '"' || m.name || '"'
                FROM pragma_table_info($table, 'main') m
                JOIN pragma_table_info($table, 'replaced') r ON r.name = m.name
                ORDER BY m.cid
                """,
                row => row.Text(),
                ("$table", table.Name)));
            if (columns.Length > 0)
            {
                db.Execute(
                    $"""
                    INSERT OR {(table.NewerWins ? "REPLACE" : "IGNORE")} INTO main."{table.Name}" ({columns})
                    SELECT {columns}
                    FROM replaced."{table.Name}"
                    """);
            }
        }
    }
}

/// <param name="NewerWins">True where the replaced database is right about what both have a row of.</param>
internal sealed record CarriedTable(string Name, bool NewerWins);

/// <summary>How far a deployment has come after the backup was made.</summary>
internal sealed record ReplacedDeployment(DeploymentStatus Status, int Attempt, long Epoch, bool IsStartAsked);
