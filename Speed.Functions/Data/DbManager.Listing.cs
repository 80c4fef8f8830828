using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>Deployments page by page.</summary>
public sealed partial class DbManager
{
    public Task<DeploymentPage> ListAsync(DeploymentFilter filter, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => List(db, filter, cancellationToken), cancellationToken);

    private static DeploymentPage List(SqliteSession db, DeploymentFilter filter, CancellationToken cancellationToken)
    {
        var ids = FindPage(db, filter, cancellationToken);
        var isLast = ids.Count <= filter.Limit;
        var page = isLast ? ids : ids[..filter.Limit];
        return new DeploymentPage(ReadPage(db, filter, page), isLast ? null : page[^1]);
    }

    // One more than asked for tells whether there is a next page. Patterns are tried row by row while the index is
    // read: nothing but what is in the index is looked at for those that do not match.
    private static List<long> FindPage(SqliteSession db, DeploymentFilter filter, CancellationToken cancellationToken)
    {
        var ids = new List<long>();
        var isSeen = new Dictionary<string, bool>();
        db.Each(
            $"""
            SELECT d.id, d.identity
            FROM deployment d {IndexFor(filter)}
            WHERE d.id < $before
                {Conditions(filter)}
            ORDER BY d.id DESC
            """,
            row =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (id, identity) = (row.Long(), row.Text());
                if (!isSeen.TryGetValue(identity, out var seen))
                {
                    isSeen.Add(identity, seen = filter.SeesRepository(RepositoryIdentity.Parse(identity)));
                }

                if (seen)
                {
                    ids.Add(id);
                }

                return ids.Count <= filter.Limit;
            },
            ("$before", filter.Before), ("$status", filter.Status?.ToString()), ("$identity", filter.Identity?.Text),
            ("$branch", filter.Branch));
        return ids;
    }

    // What has changed since its id was found is left out, as it would have been a moment later.
    private static List<Deployment> ReadPage(SqliteSession db, DeploymentFilter filter, IReadOnlyList<long> ids) => db.All(
        $"""
        SELECT {Columns}
        FROM deployment d
        WHERE d.id IN (SELECT value FROM json_each($ids))
            {Conditions(filter)}
        ORDER BY d.id DESC
        """,
        ReadDeployment,
        ("$ids", JsonSerializer.Serialize(ids)), ("$status", filter.Status?.ToString()), ("$identity", filter.Identity?.Text),
        ("$branch", filter.Branch));

    // The others the planner finds; this one it holds for no better than the table, whose rows are long.
    private static string IndexFor(DeploymentFilter filter) =>
        filter.Status is null && filter.Identity is null ? "INDEXED BY deployment_listed" : "";

    private static string Conditions(DeploymentFilter filter) => string.Concat(
        filter.Status is null ? "" : " AND d.status = $status",
        filter.Identity is null ? "" : " AND d.identity = $identity",
        filter.Branch is null ? "" : " AND d.branch = $branch");
}
