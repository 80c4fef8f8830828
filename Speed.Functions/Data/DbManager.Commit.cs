using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// Branch and commit, once they are known, and in the same transaction what is taken over from the service whose place
/// the deployment takes: which one that is hangs on the branch.
/// </summary>
public sealed partial class DbManager
{
    public Task<bool> RecordCommitAsync(
        Claim claim, string branch, string commit, Resources most, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => RecordCommit(db, claim, branch, commit, most), cancellationToken);

    private static bool RecordCommit(SqliteSession db, Claim claim, string branch, string commit, Resources most) =>
        SetCommit(db, claim, branch, commit, DecideTakenOver(db, claim.Id, branch, most));

    // Decided once: a later attempt has its commit already.
    private static TakenOver? DecideTakenOver(SqliteSession db, long id, string branch, Resources most) =>
        Find(db, id) is { Commit: null } me
        && Inheritance.Inherits(me.Asked)
        && FindLastUp(db, id, branch) is { } older
            ? Inheritance.Decide(me.Asked, older, most)
            : null;

    private static Deployment? FindLastUp(SqliteSession db, long id, string branch) => db.One(
        $"""
        SELECT {Columns}
        FROM deployment d, (
            SELECT id, identity, $branch AS branch, options, name, address_of_before
            FROM deployment
            WHERE id = $id) me
        WHERE {SameService}
            AND d.id < me.id
            AND d.first_up_at_ms IS NOT NULL
        ORDER BY d.id DESC
        LIMIT 1
        """,
        ReadDeployment,
        ("$id", id), ("$branch", branch));

    private static bool SetCommit(SqliteSession db, Claim claim, string branch, string commit, TakenOver? taken) => db.Execute(
        """
        UPDATE deployment
        SET branch = $branch, commit_id = $commit, taken_over = coalesce(taken_over, $taken), version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND phase IS NOT NULL
        """,
        ("$branch", branch), ("$commit", commit), ("$taken", taken is null ? null : CanonicalJson.Of(taken)),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;
}
