using Speed.Deployments;

namespace Speed.Data;

/// <summary>Which images of the engine a deployment may stand on.</summary>
public sealed partial class DbManager
{
    private static readonly TimeSpan AllowedFor = TimeSpan.FromHours(24);

    // More than the images of most engines. Of one that is forgotten the registry is asked again.
    private const int MostPublicImages = 1_000;

    private long AllowedSince => Now - (long)AllowedFor.TotalMilliseconds;

    public Task RecordPublicImageAsync(string name, string imageId, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            db => RecordPublicImage(db, name, imageId) + ForgetPublicImages(db), cancellationToken);

    public Task<bool> IsPublicImageAsync(string name, string imageId, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => IsPublicImage(db, name, imageId), cancellationToken);

    public Task RecordAllowedImageAsync(
        RepositoryIdentity identity, string name, string imageId, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            db => ForgetAllowedImages(db) + RecordAllowedImage(db, identity, name, imageId), cancellationToken);

    public Task<DateTimeOffset?> FindAllowedImageAsync(
        RepositoryIdentity identity, string name, string imageId, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindAllowedImage(db, identity, name, imageId), cancellationToken);

    private int RecordPublicImage(SqliteSession db, string name, string imageId) => db.Execute(
        """
        INSERT INTO public_image (name, image_id, pulled_at_ms)
        VALUES ($name, $image, $now)
        ON CONFLICT (name) DO UPDATE
        SET image_id = excluded.image_id, pulled_at_ms = excluded.pulled_at_ms
        """,
        ("$name", name), ("$image", imageId), ("$now", Now));

    private static int ForgetPublicImages(SqliteSession db) => db.Execute(
        """
        DELETE FROM public_image
        WHERE name IN (
            SELECT name
            FROM public_image
            ORDER BY pulled_at_ms DESC, name
            LIMIT -1 OFFSET $most)
        """,
        ("$most", MostPublicImages));

    private static bool IsPublicImage(SqliteSession db, string name, string imageId) => db.One(
        """
        SELECT EXISTS (
            SELECT 1
            FROM public_image
            WHERE name = $name
                AND image_id = $image)
        """,
        row => row.Flag(),
        ("$name", name), ("$image", imageId));

    private int RecordAllowedImage(SqliteSession db, RepositoryIdentity identity, string name, string imageId) => db.Execute(
        """
        INSERT INTO allowed_image (identity, name, image_id, allowed_at_ms)
        VALUES ($identity, $name, $image, $now)
        ON CONFLICT (identity, name) DO UPDATE
        SET image_id = excluded.image_id, allowed_at_ms = excluded.allowed_at_ms
        """,
        ("$identity", identity.Text), ("$name", name), ("$image", imageId), ("$now", Now));

    private DateTimeOffset? FindAllowedImage(
        SqliteSession db, RepositoryIdentity identity, string name, string imageId) => db.One(
        """
        SELECT allowed_at_ms
        FROM allowed_image
        WHERE identity = $identity
            AND name = $name
            AND image_id = $image
            AND allowed_at_ms > $since
        """,
        row => (DateTimeOffset?)DateTimeOffset.FromUnixTimeMilliseconds(row.Long()),
        ("$identity", identity.Text), ("$name", name), ("$image", imageId), ("$since", AllowedSince));

    private int ForgetAllowedImages(SqliteSession db) => db.Execute(
        """
        DELETE FROM allowed_image
        WHERE allowed_at_ms <= $since
        """,
        ("$since", AllowedSince));
}
