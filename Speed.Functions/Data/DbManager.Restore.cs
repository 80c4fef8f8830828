using Speed.Deployments;

namespace Speed.Data;

/// <summary>How a restored database goes on above what came after its backup. Before anybody works with it.</summary>
public sealed partial class DbManager
{
    /// <summary>Those that have not ended, and are SPEED's own to live on.</summary>
    internal Task<IReadOnlyList<Deployment>> ListNotOverAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListNotOver, cancellationToken);

    /// <summary>Has the next deployment's number be above this one. Gives that number. Forgets who is signed in.</summary>
    internal Task<long> BeginAboveAsync(long id, CancellationToken cancellationToken) => _database.WriteAsync(
        db =>
        {
            ForgetSessions(db);
            return RaiseIds(db, id) + 1;
        },
        cancellationToken);

    /// <summary>Has a running one be at least at this attempt and epoch.</summary>
    internal Task RaiseAttemptAsync(long id, int attempt, long epoch, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => RaiseAttempt(db, id, attempt, epoch), cancellationToken);

    private static IReadOnlyList<Deployment> ListNotOver(SqliteSession db) => db.All(
        $"""
        SELECT {Columns}
        FROM deployment d
        WHERE d.ended_at_ms IS NULL
            AND d.run_by = 'speed'
        ORDER BY d.id
        """,
        ReadDeployment);

    // Who signed out since would be signed in again.
    private static int ForgetSessions(SqliteSession db) => db.Execute(
        """
        DELETE FROM session
        """);

    private static long RaiseIds(SqliteSession db, long id)
    {
        db.Execute(
            """
            INSERT INTO sqlite_sequence (name, seq)
            SELECT 'deployment', 0
            WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'deployment')
            """);
        return db.One(
            """
            UPDATE sqlite_sequence
            SET seq = max(seq, $id)
            WHERE name = 'deployment'
            RETURNING seq
            """,
            row => row.Long(),
            ("$id", id));
    }

    private static int RaiseAttempt(SqliteSession db, long id, int attempt, long epoch) => db.Execute(
        """
        UPDATE deployment
        SET attempt = max(attempt, $attempt), epoch = max(epoch, $epoch), version = version + 1
        WHERE id = $id
            AND status = 'Running'
            AND (attempt < $attempt OR epoch < $epoch)
        """,
        ("$id", id), ("$attempt", attempt), ("$epoch", epoch));
}
