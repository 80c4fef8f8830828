using Speed.Deployments;

namespace Speed.Data;

/// <summary>What a worker records on its way, each step under its claim.</summary>
public sealed partial class DbManager
{
    public Task<bool> EnterPhaseAsync(Claim claim, DeploymentPhase phase, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => EnterPhase(db, claim, phase), cancellationToken);

    public Task<bool> RecordImageAsync(Claim claim, string imageId, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => RecordImage(db, claim, imageId), cancellationToken);

    public Task<bool> AskStartAsync(Claim claim, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => AskStart(db, claim), cancellationToken);

    private bool EnterPhase(SqliteSession db, Claim claim, DeploymentPhase phase)
    {
        if (CurrentPhase(db, claim) == phase)
        {
            return true;
        }

        if (!SetPhase(db, claim, phase))
        {
            return false;
        }

        EndPhase(db, claim.Id, "succeeded");
        BeginPhase(db, claim.Id, phase);
        return true;
    }

    private static DeploymentPhase? CurrentPhase(SqliteSession db, Claim claim) => db.One(
        """
        SELECT phase
        FROM deployment
        WHERE id = $id AND status = $status AND epoch = $epoch
        """,
        row => row.WordOrNull<DeploymentPhase>(),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch));

    private static bool SetPhase(SqliteSession db, Claim claim, DeploymentPhase phase) => db.Execute(
        """
        UPDATE deployment
        SET phase = $phase, version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND phase IS NOT NULL
        """,
        ("$phase", Word(phase)), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private void BeginPhase(SqliteSession db, long id, DeploymentPhase phase) => db.Execute(
        """
        INSERT INTO phase (deployment_id, attempt, name, started_at_ms)
        SELECT id, attempt, $phase, $now
        FROM deployment
        WHERE id = $id
        """,
        ("$phase", Word(phase)), ("$now", Now), ("$id", id));

    private void EndPhase(SqliteSession db, long id, string status) => db.Execute(
        """
        UPDATE phase
        SET status = $status, ended_at_ms = $now
        WHERE deployment_id = $id
            AND ended_at_ms IS NULL
        """,
        ("$status", status), ("$now", Now), ("$id", id));

    private static bool RecordImage(SqliteSession db, Claim claim, string imageId) => db.Execute(
        """
        UPDATE deployment
        SET image_id = $image, version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND phase IS NOT NULL
        """,
        ("$image", imageId), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private bool AskStart(SqliteSession db, Claim claim) => db.Execute(
        """
        UPDATE deployment
        SET start_asked_at_ms = $now
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND phase IS NOT NULL
            AND start_asked_at_ms IS NULL
            AND cancel_requested_at_ms IS NULL
        """,
        ("$now", Now), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;
}
