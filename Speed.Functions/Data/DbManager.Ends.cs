using Speed.Deployments;

namespace Speed.Data;

/// <summary>How a deployment ends under its worker, and when one without a worker must.</summary>
public sealed partial class DbManager
{
    public async Task<bool> SettleAsync(Claim claim, Settlement settlement, CancellationToken cancellationToken)
    {
        if (!settlement.Status.IsFinal)
        {
            throw new ArgumentException($"{settlement.Status} is not an end.", nameof(settlement));
        }

        var settled = await ChangeAsync(claim.Id, db => Settle(db, claim, settlement), cancellationToken);
        if (settled)
        {
            _bell.Ring(Bell.Queue);
        }

        return settled;
    }

    public Task<bool> CloseAsync(
        long id, IReadOnlyList<NewResult> lateResults, CancellationToken cancellationToken) =>
        ChangeAsync(id, db => Close(db, id, lateResults), cancellationToken);

    public Task<IReadOnlyList<Deployment>> ListOverdueAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListOverdue, cancellationToken);

    public Task<TimeSpan?> NextDueAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(NextDue, cancellationToken);

    private bool Settle(SqliteSession db, Claim claim, Settlement settlement)
    {
        var end = new End(settlement.Status, settlement.Failure, settlement.ExitCode, ClosesLog: true);
        if (!claim.Status.CanBecome(settlement.Status) || !Finish(db, claim, end))
        {
            return false;
        }

        foreach (var result in settlement.Results)
        {
            InsertResult(db, claim.Id, result, late: false);
        }

        return true;
    }

    private bool Finish(SqliteSession db, Claim claim, End end)
    {
        if (!SetEnded(db, claim, end))
        {
            return false;
        }

        EndPhase(db, claim.Id, Word(end.Status).ToLowerInvariant());
        return true;
    }

    private bool SetEnded(SqliteSession db, Claim claim, End end) => db.Execute(
        """
        UPDATE deployment
        SET status = $to, phase = NULL, exit_code = $exit_code, version = version + 1,
            failure_code = $failure_code, failure_phase = $failure_phase, failure_exit_code = $failure_exit_code,
            failure_message = $failure_message, failure_hint = $failure_hint, failure_log_line = $failure_log_line,
            cancel_confirmed_at_ms = CASE WHEN cancel_requested_at_ms IS NOT NULL THEN $now END,
            ended_at_ms = $now, due_at_ms = NULL,
            log_closed_at_ms = CASE WHEN $closes_log THEN $now END
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND ((cancel_requested_at_ms IS NULL AND superseded_by IS NULL) OR $to = 'Canceled')
        """,
        ("$to", Word(end.Status)), ("$exit_code", end.ExitCode),
        ("$failure_code", end.Failure?.Code.Wire),
        ("$failure_phase", end.Failure?.Phase is { } phase ? Word(phase) : null),
        ("$failure_exit_code", end.Failure?.ExitCode), ("$failure_message", end.Failure?.Message),
        ("$failure_hint", end.Failure?.Hint), ("$failure_log_line", end.Failure?.LogLine),
        ("$now", Now), ("$closes_log", end.ClosesLog),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private bool Close(SqliteSession db, long id, IReadOnlyList<NewResult> lateResults)
    {
        if (!SetLogClosed(db, id))
        {
            return false;
        }

        foreach (var result in lateResults)
        {
            InsertResult(db, id, result, late: true);
        }

        return true;
    }

    private bool SetLogClosed(SqliteSession db, long id) => db.Execute(
        """
        UPDATE deployment
        SET log_closed_at_ms = $now, version = version + 1
        WHERE id = $id
            AND ended_at_ms IS NOT NULL
            AND log_closed_at_ms IS NULL
        """,
        ("$now", Now), ("$id", id)) > 0;

    private IReadOnlyList<Deployment> ListOverdue(SqliteSession db) => db.All(
        $"""
        SELECT {Columns}
        FROM deployment d
        WHERE d.due_at_ms <= $now
        ORDER BY d.due_at_ms, d.id
        """,
        ReadDeployment,
        ("$now", Steady));

    private TimeSpan? NextDue(SqliteSession db) => db.One<TimeSpan?>(
        """
        SELECT min(due_at_ms) - $now
        FROM deployment
        WHERE due_at_ms IS NOT NULL
        """,
        row => row.LongOrNull() is { } left ? TimeSpan.FromMilliseconds(left) : null,
        ("$now", Steady));

    private sealed record End(DeploymentStatus Status, Failure? Failure, int? ExitCode, bool ClosesLog);
}
