using System.Text.Json;
using Speed.Security;

namespace Speed.Data;

/// <summary>Secrets, and what deployments were given of them; all of it sealed before it comes here.</summary>
public sealed partial class DbManager : ISecretStore
{
    private const string GivenFirst = "taken";
    private const string GivenBesides = "taken_over_secret";

    public Task<IReadOnlyList<SealedSecret>> ListSecretsAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<SealedSecret>>(ListSecrets, cancellationToken);

    public Task PutSecretAsync(SealedSecret secret, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => PutSecret(db, secret), cancellationToken);

    public async Task<bool> DeleteSecretAsync(string name, CancellationToken cancellationToken) =>
        await _database.WriteAsync(db => DeleteSecret(db, name), cancellationToken) > 0;

    public Task<byte[]?> KeepTakenAsync(long deploymentId, byte[] values, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => KeepTaken(db, GivenFirst, deploymentId, values), cancellationToken);

    public Task<byte[]?> FindTakenAsync(long deploymentId, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindTaken(db, GivenFirst, deploymentId), cancellationToken);

    public Task<byte[]?> KeepTakenOverAsync(long deploymentId, byte[] values, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => KeepTaken(db, GivenBesides, deploymentId, values), cancellationToken);

    public Task<byte[]?> FindTakenOverAsync(long deploymentId, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindTaken(db, GivenBesides, deploymentId), cancellationToken);

    private static List<SealedSecret> ListSecrets(SqliteSession db) => db.All(
        """
        SELECT name, use, repos, username, sealed, deployers
        FROM secret
        ORDER BY name
        """,
        row => new SealedSecret(
            row.Text(), row.Word<SecretUse>(), JsonSerializer.Deserialize<string[]>(row.Text())!, row.TextOrNull(),
            row.Bytes())
        {
            Deployers = JsonSerializer.Deserialize<string[]>(row.Text())!,
        });

    private static int PutSecret(SqliteSession db, SealedSecret secret) => db.Execute(
        """
        INSERT INTO secret (name, use, repos, username, sealed, deployers)
        VALUES ($name, $use, $repos, $username, $sealed, $deployers)
        ON CONFLICT (name) DO UPDATE
        SET use = excluded.use, repos = excluded.repos, username = excluded.username, sealed = excluded.sealed,
            deployers = excluded.deployers
        """,
        ("$name", secret.Name), ("$use", secret.Use.ToString().ToLowerInvariant()),
        ("$repos", JsonSerializer.Serialize(secret.Repos)), ("$username", secret.Username), ("$sealed", secret.Value),
        ("$deployers", JsonSerializer.Serialize(secret.Deployers)));

    private static int DeleteSecret(SqliteSession db, string name) => db.Execute(
        """
        DELETE FROM secret
        WHERE name = $name
        """,
        ("$name", name));

    private static byte[]? KeepTaken(SqliteSession db, string table, long deploymentId, byte[] values)
    {
        db.Execute(
            $"""
            INSERT INTO {table} (deployment_id, sealed)
            SELECT id, $sealed
            FROM deployment
            WHERE id = $id
                AND log_closed_at_ms IS NULL
            ON CONFLICT (deployment_id) DO NOTHING
            """,
            ("$id", deploymentId), ("$sealed", values));
        return FindTaken(db, table, deploymentId);
    }

    private static byte[]? FindTaken(SqliteSession db, string table, long deploymentId) => db.One(
        $"""
        SELECT sealed
        FROM {table}
        WHERE deployment_id = $id
        """,
        row => row.Bytes(),
        ("$id", deploymentId));
}
