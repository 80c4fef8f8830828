using Speed.Deployments;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Data;

/// <summary>What a leader declares, and what anybody may cancel.</summary>
public sealed partial class DbManager
{
    private const string Leader = "leader";

    public async Task<DeclareOutcome> DeclareAsync(
        long id, DeploymentStatus word, CancellationToken cancellationToken)
    {
        var outcome = await _database.WriteAsync(db => Declare(db, id, word), cancellationToken);
        if (outcome == DeclareOutcome.Changed)
        {
            RingQueueToo(id);
        }

        return outcome;
    }

    public async Task<CancelOutcome> RequestCancelAsync(
        long id, string by, string? reason, CancellationToken cancellationToken)
    {
        var (outcome, changed) = await _database.WriteAsync(db => Cancel(db, id, by, reason), cancellationToken);
        if (changed)
        {
            RingQueueToo(id);
        }

        return outcome;
    }

    private DeclareOutcome Declare(SqliteSession db, long id, DeploymentStatus word)
    {
        if (Find(db, id) is not { } deployment)
        {
            return DeclareOutcome.NotFound;
        }

        return (deployment, word) switch
        {
            ({ Status.IsFinal: true }, _) when deployment.Status != word => DeclareOutcome.AlreadyFinished,
            ({ Status.IsFinal: false, Cancel: not null }, not Canceled) => DeclareOutcome.BeingCanceled,
            ({ Cancel: not null }, Canceled) => DeclareOutcome.Unchanged,
            _ when deployment.Status == word => DeclareOutcome.Unchanged,
            (_, Pending) => DeclareOutcome.Illegal,
            ({ SupersededBy: not null }, Succeeded or Failed) => DeclareOutcome.BeingSuperseded,
            (_, Running) => Do(HandToLeader(db, deployment)),
            (_, Canceled) => Do(Cancel(db, id, Leader, reason: null).Changed),
            _ => Do(EndAsDeclared(db, deployment, word)),
        };

        static DeclareOutcome Do(bool done) => done
            ? DeclareOutcome.Changed
            : throw new InvalidOperationException("A deployment changed under the one writer.");
    }

    private bool EndAsDeclared(SqliteSession db, Deployment deployment, DeploymentStatus word)
    {
        if (!deployment.Status.CanBecome(word))
        {
            // Pending to Succeeded is two arrows in one commit.
            HandToLeader(db, deployment);
            deployment = Find(db, deployment.Id)!;
        }

        return Finish(db, deployment.Claim, new End(
            word, ImplicitFailure.Declared(word, deployment.Phase), ExitCode: null, ClosesLog: !IsAtWork(deployment)));
    }

    private bool HandToLeader(SqliteSession db, Deployment deployment)
    {
        var now = Now;
        return db.Execute(
            """
            UPDATE deployment
            SET status = 'Running', run_by = 'leader', epoch = epoch + 1, version = version + 1,
                started_at_ms = $now, due_at_ms = $due
            WHERE id = $id
                AND status = 'Pending'
            """,
            ("$now", now), ("$due", DueAfter(Steady, deployment.Options.Timeouts.RunSeconds)),
            ("$id", deployment.Id)) > 0;
    }

    private (CancelOutcome Outcome, bool Changed) Cancel(SqliteSession db, long id, string by, string? reason) =>
        Find(db, id) switch
        {
            null => (CancelOutcome.NotFound, false),
            { Status: Canceled } => (CancelOutcome.Canceled, false),
            { Status.IsFinal: true } => (CancelOutcome.AlreadyFinished, false),
            { Cancel: not null } => (CancelOutcome.Requested, false),
            { } atWork when IsAtWork(atWork) => (CancelOutcome.Requested, SetCancelRequested(db, id, by, reason)),
            { } idle => (CancelOutcome.Canceled, EndAsCanceled(db, idle, by, reason)),
        };

    private static bool IsAtWork(Deployment deployment) => deployment is { Status: Running, RunBy: RunBy.Speed };

    private bool SetCancelRequested(SqliteSession db, long id, string by, string? reason) => db.Execute(
        """
        UPDATE deployment
        SET cancel_by = $by, cancel_reason = $reason, cancel_requested_at_ms = $now, version = version + 1
        WHERE id = $id
            AND status = 'Running'
            AND cancel_requested_at_ms IS NULL
        """,
        ("$by", by), ("$reason", reason), ("$now", Now), ("$id", id)) > 0;

    private bool EndAsCanceled(SqliteSession db, Deployment deployment, string by, string? reason)
    {
        var now = Now;
        var failure = ImplicitFailure.Canceled(by, reason);
        return db.Execute(
            """
            UPDATE deployment
            SET status = 'Canceled', version = version + 1,
                cancel_by = $by, cancel_reason = $reason, cancel_requested_at_ms = $now, cancel_confirmed_at_ms = $now,
                failure_code = $code, failure_message = $message, failure_hint = $hint,
                ended_at_ms = $now, due_at_ms = NULL, log_closed_at_ms = $now
            WHERE id = $id AND status = $status AND epoch = $epoch
            """,
            ("$by", by), ("$reason", reason), ("$now", now),
            ("$code", failure.Code.Wire), ("$message", failure.Message), ("$hint", failure.Hint),
            ("$id", deployment.Id), ("$status", Word(deployment.Status)), ("$epoch", deployment.Epoch)) > 0;
    }
}
