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
        INSERT INTO built_from (deployment_id, dockerfile, sources)
        SELECT id, $dockerfile, $sources
        FROM deployment
        WHERE id = $id AND status = $status AND epoch = $epoch
        ON CONFLICT (deployment_id) DO UPDATE
        SET dockerfile = excluded.dockerfile, sources = excluded.sources
        """,
        ("$dockerfile", from.Dockerfile), ("$sources", JsonSerializer.Serialize(from.Sources)),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private static BuiltFrom? FindBuiltFrom(SqliteSession db, long id) => db.One(
        """
        SELECT dockerfile, sources
        FROM built_from
        WHERE deployment_id = $id
        """,
        row => new BuiltFrom(row.Text(), JsonSerializer.Deserialize<BuildSource[]>(row.Text())!),
        ("$id", id));
}
