using Speed.Deployments;

namespace Speed.Data;

/// <summary>Ports of the host that services have had by number, and hosts that they have had by name.</summary>
public sealed partial class DbManager
{
    public Task<bool> HasHeldPortAsync(
        DeploymentOptions asked, int port, bool inAnyBranch, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            db => HasHeld(
                db, asked, "SELECT 1 FROM json_each(d.effective, '$.ports') held WHERE held.value ->> 'host' = $what", port,
                inAnyBranch),
            cancellationToken);

    public Task<bool> HasHeldHostAsync(DeploymentOptions asked, string host, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            db => HasHeld(db, asked, "SELECT 1 FROM json_each(d.effective, '$.hosts') held WHERE held.value = $what", host),
            cancellationToken);

    // Of its like those that were ever up.
    private static bool HasHeld(
        SqliteSession db, DeploymentOptions asked, string held, object what, bool inAnyBranch = false) => db.One(
        $"""
        SELECT EXISTS (
            SELECT 1
            FROM deployment d
            WHERE d.identity = $identity
                AND ($any OR d.branch = $branch OR ($branch IS NULL AND d.options ->> 'branch' IS NULL))
                AND d.options ->> 'subdirectory' = $subdirectory
                AND d.name = $name
                AND d.first_up_at_ms IS NOT NULL
                AND EXISTS ({held}))
        """,
        row => row.Int() > 0,
        ("$identity", RepositoryIdentity.Of(asked.Url).Text), ("$branch", asked.Branch is { } branch ? BranchName.Plain(branch) : null),
        ("$subdirectory", asked.Subdirectory), ("$name", asked.Name), ("$what", what),
        ("$any", inAnyBranch));
}
