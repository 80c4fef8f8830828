namespace Speed.Data;

/// <summary>
/// The time by which waiting ends. It runs steadily while the store is open, whatever becomes of the wall clock, and
/// stands still while it is closed: across a restart each one that waits keeps what it had left, and at most its whole
/// time.
/// </summary>
public sealed partial class DbManager
{
    private readonly long _openedAtMs;
    private readonly long _openedAt;

    private long Steady => _openedAtMs + (long)_time.GetElapsedTime(_openedAt).TotalMilliseconds;

    /// <summary>
    /// Gives those that wait what they had left. To be called once, before anybody looks; and not before all databases
    /// are open, since a start that fails changes nothing.
    /// </summary>
    public Task CarryWaitingOverAsync(CancellationToken cancellationToken) =>
        _database.WriteAsync(CarryWaitingOver, cancellationToken);

    public Task NoteTimeAsync(CancellationToken cancellationToken) =>
        _database.WriteAsync(NoteTime, cancellationToken);

    // Nothing is written where nobody waits.
    private int NoteTime(SqliteSession db) => db.Execute(
        """
        INSERT INTO clock (one, seen_at_ms)
        SELECT 1, $now
        WHERE EXISTS (SELECT 1 FROM deployment WHERE due_at_ms IS NOT NULL)
        ON CONFLICT (one) DO UPDATE
        SET seen_at_ms = excluded.seen_at_ms
        """,
        ("$now", Steady));

    private int CarryWaitingOver(SqliteSession db) => db.Execute(
        """
        UPDATE deployment
        SET due_at_ms = $now + min(
            coalesce(due_at_ms - (SELECT seen_at_ms FROM clock), 9223372036854775807),
            1000 * CASE status
                WHEN 'Pending' THEN options ->> '$.timeouts.queue_s'
                ELSE options ->> '$.timeouts.run_s'
            END)
        WHERE due_at_ms IS NOT NULL
        """,
        ("$now", Steady));
}
