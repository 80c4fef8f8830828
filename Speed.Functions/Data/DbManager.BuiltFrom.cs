using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>What deployments were built from.</summary>
public sealed partial class DbManager
{
    public Task<bool> RecordBuiltFromAsync(Claim claim, BuiltFrom from, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => RecordBuiltFrom(db, claim, from), cancellationToken);

    public Task<BuiltFrom?> FindBuiltFromAsync(long id, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindBuiltFrom(db, id), cancellationToken);

    // The latest attempt counts: a base may have become another in between.
    private static bool RecordBuiltFrom(SqliteSession db, Claim claim, BuiltFrom from) => db.Execute(
        """
        INSERT INTO built_from (deployment_id, dockerfile, sources, exposed)
        SELECT id, $dockerfile, $sources, $exposed
        FROM deployment
        WHERE id = $id AND status = $status AND epoch = $epoch
        ON CONFLICT (deployment_id) DO UPDATE
        SET dockerfile = excluded.dockerfile, sources = excluded.sources, exposed = excluded.exposed
        """,
        ("$dockerfile", from.Dockerfile), ("$sources", JsonSerializer.Serialize(from.Sources)),
        ("$exposed", from.Exposed is null ? null : JsonSerializer.Serialize(from.Exposed)),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    // One that uses a kept image again has judged nothing itself: what the image was built from is on record with another of
    // its repository.
    private static BuiltFrom? FindBuiltFrom(SqliteSession db, long id) => db.One(
        """
        SELECT b.dockerfile, b.sources, b.exposed
        FROM deployment d
        JOIN deployment other
            ON other.id = d.id
            OR (other.image_id = d.image_id AND other.identity = d.identity AND d.retry_of IS NOT NULL)
        JOIN built_from b ON b.deployment_id = other.id
        WHERE d.id = $id
        ORDER BY other.id = d.id DESC, other.id DESC
        LIMIT 1
        """,
        row => new BuiltFrom(row.Text(), JsonSerializer.Deserialize<BuildSource[]>(row.Text())!)
        {
            Exposed = row.TextOrNull() is { } exposed ? JsonSerializer.Deserialize<int[]>(exposed) : null,
        },
        ("$id", id));
}
