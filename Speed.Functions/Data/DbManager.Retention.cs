using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>What is no longer needed, and how it goes.</summary>
public sealed partial class DbManager
{
    public Task<IReadOnlyList<RepositoryIdentity>> ListRepositoriesAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListRepositories, cancellationToken);

    public Task<IReadOnlyList<UnneededImage>> ListUnneededImagesAsync(
        int keep, int most, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<UnneededImage>>(db => ListUnneededImages(db, keep, most), cancellationToken);

    public Task ForgetImageAsync(string imageId, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => ForgetImage(db, imageId), cancellationToken);

    public Task<IReadOnlyList<long>> PickBeyondLatestAsync(
        IReadOnlyList<long> ids, int keep, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<long>>(db => PickBeyondLatest(db, ids, keep), cancellationToken);

    public Task<IReadOnlyList<EndedDeployment>> ListEndedAsync(
        DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<EndedDeployment>>(db => ListEnded(db, before, most), cancellationToken);

    public Task<bool> DeleteAsync(long id, CancellationToken cancellationToken) =>
        ChangeAsync(id, db => Delete(db, id), cancellationToken);

    private static List<UnneededImage> ListUnneededImages(SqliteSession db, int keep, int most) => db.All(
        """
        WITH ranked AS (
            SELECT image_id, row_number() OVER (PARTITION BY identity, branch ORDER BY deployment_id DESC) AS place
            FROM image_use
        )
        SELECT i.image_id, json_group_array(i.key ORDER BY i.key),
            coalesce((SELECT max(u.deployment_id) FROM image_use u WHERE u.image_id = i.image_id), max(b.deployment_id))
                AS last_used_by
        FROM image i
        JOIN build b ON b.key = i.key
        WHERE i.image_id NOT IN (SELECT image_id FROM ranked WHERE place <= $keep)
        GROUP BY i.image_id
        HAVING NOT EXISTS (
            SELECT 1
            FROM deployment d
            WHERE d.log_closed_at_ms IS NULL
                AND (d.image_id = i.image_id
                    OR d.id IN (SELECT k.deployment_id FROM image s JOIN build k ON k.key = s.key
                        WHERE s.image_id = i.image_id)))
        ORDER BY last_used_by, i.image_id
        LIMIT $most
        """,
        row => new UnneededImage(row.Text(), JsonSerializer.Deserialize<string[]>(row.Text())!, row.Long()),
        ("$keep", keep), ("$most", most));

    // The record of the build stays while other images came out of it, or it is under way.
    private static int ForgetImage(SqliteSession db, string imageId)
    {
        db.Execute(
            """
            DELETE FROM image_use
            WHERE image_id = $image
            """,
            ("$image", imageId));
        var forgotten = db.Execute(
            """
            DELETE FROM image
            WHERE image_id = $image
            """,
            ("$image", imageId));
        db.Execute(
            """
            DELETE FROM build
            WHERE NOT EXISTS (SELECT 1 FROM image i WHERE i.key = build.key)
                AND NOT EXISTS (
                    SELECT 1 FROM deployment d WHERE d.id = build.deployment_id AND d.log_closed_at_ms IS NULL)
            """);
        return forgotten;
    }

    private static List<long> PickBeyondLatest(SqliteSession db, IReadOnlyList<long> ids, int keep) => db.All(
        """
        SELECT asked.value
        FROM json_each($ids) asked
        LEFT JOIN deployment d ON d.id = asked.value
        WHERE d.id IS NULL
            OR (d.log_closed_at_ms IS NOT NULL
                AND $keep <= (
                    SELECT count(*)
                    FROM (
                        SELECT 1
                        FROM deployment newer
                        WHERE newer.identity = d.identity
                            AND newer.branch IS d.branch
                            AND newer.id > d.id
                            AND newer.attempt > 0
                        LIMIT $keep)))
        ORDER BY asked.key
        """,
        row => row.Long(),
        ("$ids", JsonSerializer.Serialize(ids)), ("$keep", keep));

    private static IReadOnlyList<RepositoryIdentity> ListRepositories(SqliteSession db) => db.All(
        """
        SELECT DISTINCT identity
        FROM deployment
        """,
        row => RepositoryIdentity.Parse(row.Text()));

    private static List<EndedDeployment> ListEnded(SqliteSession db, DateTimeOffset before, int most) => db.All(
        """
        SELECT id, ended_at_ms
        FROM deployment
        WHERE ended_at_ms < $before
            AND log_closed_at_ms IS NOT NULL
        ORDER BY ended_at_ms
        LIMIT $most
        """,
        row => new EndedDeployment(row.Long(), row.Time()),
        ("$before", before.ToUnixTimeMilliseconds()), ("$most", most));

    private static bool Delete(SqliteSession db, long id) => db.Execute(
        """
        DELETE FROM deployment
        WHERE id = $id
            AND log_closed_at_ms IS NOT NULL
        """,
        ("$id", id)) > 0;
}
