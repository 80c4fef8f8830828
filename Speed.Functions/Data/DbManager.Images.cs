using Speed.Deployments;

namespace Speed.Data;

/// <summary>Which builds were asked for, and what came out of them.</summary>
public sealed partial class DbManager
{
    public Task<ImageRecord?> FindImageAsync(string key, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindImage(db, key), cancellationToken);

    public Task<IReadOnlyList<string>> ListKeysOfImageAsync(string imageId, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<string>>(db => ListKeysOfImage(db, imageId), cancellationToken);

    public Task RecordBuildAsync(string key, long deploymentId, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => RecordBuild(db, key, deploymentId), cancellationToken);

    public Task RecordBuiltAsync(string key, string imageId, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => RecordBuilt(db, key, imageId), cancellationToken);

    private static ImageRecord? FindImage(SqliteSession db, string key) => db.One(
        """
        SELECT b.key, (SELECT i.image_id FROM image i WHERE i.key = b.key ORDER BY i.seq DESC LIMIT 1)
        FROM build b
        WHERE b.key = $key
        """,
        row => new ImageRecord(row.Text(), row.TextOrNull()),
        ("$key", key));

    private static List<string> ListKeysOfImage(SqliteSession db, string imageId) => db.All(
        """
        SELECT key
        FROM image
        WHERE image_id = $image
        ORDER BY key
        """,
        row => row.Text(),
        ("$image", imageId));

    private int RecordBuild(SqliteSession db, string key, long deploymentId) => db.Execute(
        """
        INSERT INTO build (key, deployment_id, asked_at_ms)
        VALUES ($key, $id, $now)
        ON CONFLICT (key) DO UPDATE
        SET deployment_id = excluded.deployment_id, asked_at_ms = excluded.asked_at_ms
        """,
        ("$key", key), ("$id", deploymentId), ("$now", Now));

    // Replaced, not ignored, where the id is known: the newest build is the one with the highest number.
    private int RecordBuilt(SqliteSession db, string key, string imageId) => db.Execute(
        """
        INSERT OR REPLACE INTO image (key, image_id, built_at_ms)
        VALUES ($key, $image, $now)
        """,
        ("$key", key), ("$image", imageId), ("$now", Now));
}
