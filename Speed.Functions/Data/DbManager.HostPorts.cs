using Speed.Deployments;

namespace Speed.Data;

/// <summary>Ports of the host that services have had by number.</summary>
public sealed partial class DbManager
{
    public Task<bool> HasHeldPortAsync(DeploymentOptions asked, int port, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => HasHeldPort(db, asked, port), cancellationToken);

    private static bool HasHeldPort(SqliteSession db, DeploymentOptions asked, int port) => db.One(
        """
        SELECT EXISTS (
            SELECT 1
            FROM deployment d
            WHERE d.identity = $identity
                AND ($branch IS NULL OR d.branch = $branch)
                AND d.options ->> 'subdirectory' = $subdirectory
                AND d.name = $name
                AND d.first_up_at_ms IS NOT NULL
                AND EXISTS (
                    SELECT 1
                    FROM json_each(d.effective, '$.ports') held
                    WHERE held.value ->> 'host' = $port))
        """,
        row => row.Int() > 0,
        ("$identity", RepositoryIdentity.Of(asked.Url).Text), ("$branch", asked.Branch),
        ("$subdirectory", asked.Subdirectory), ("$name", asked.Name), ("$port", port));
}
