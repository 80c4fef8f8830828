using Speed.Deployments;

namespace Speed.Data;

/// <summary>What a restart finds, and how it takes it over.</summary>
public sealed partial class DbManager
{
    public Task<IReadOnlyList<Deployment>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListUnfinished, cancellationToken);

    public async Task<Deployment?> TakeOverAsync(
        Claim claim, string owner, bool repeat, CancellationToken cancellationToken)
    {
        var taken = await _database.WriteAsync(db => TakeOver(db, claim, owner, repeat), cancellationToken);
        if (taken is not null)
        {
            Ring(taken.Id);
        }

        return taken;
    }

    private static IReadOnlyList<Deployment> ListUnfinished(SqliteSession db) => db.All(
        $"""
        SELECT {Columns}
        FROM deployment d
        WHERE d.status <> 'Pending'
            AND d.log_closed_at_ms IS NULL
            AND d.run_by = 'speed'
        ORDER BY d.id
        """,
        ReadDeployment);

    private Deployment? TakeOver(SqliteSession db, Claim claim, string owner, bool repeat)
    {
        if (!(repeat ? BeginAttempt(db, claim, owner) : ChangeOwner(db, claim, owner)))
        {
            return null;
        }

        if (repeat)
        {
            EndPhase(db, claim.Id, "failed");
            BeginPhase(db, claim.Id, DeploymentPhase.Clone);
        }

        return Find(db, claim.Id);
    }

    private static bool ChangeOwner(SqliteSession db, Claim claim, string owner) => db.Execute(
        """
        UPDATE deployment
        SET owner = $owner, epoch = epoch + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND status <> 'Pending'
            AND log_closed_at_ms IS NULL
            AND run_by = 'speed'
        """,
        ("$owner", owner), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private static bool BeginAttempt(SqliteSession db, Claim claim, string owner) => db.Execute(
        """
        UPDATE deployment
        SET owner = $owner, epoch = epoch + 1, attempt = attempt + 1, phase = 'clone', version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND status = 'Running'
            AND run_by = 'speed'
            AND start_asked_at_ms IS NULL
        """,
        ("$owner", owner), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;
}
