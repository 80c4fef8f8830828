using System.Text.Json;
using Speed.Security;

namespace Speed.Data;

/// <summary>Tokens, sessions, and the audit.</summary>
public sealed partial class DbManager : IAccessStore
{
    public Task AddTokenAsync(AccessToken token, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => InsertToken(db, token), cancellationToken);

    public Task<IReadOnlyList<AccessToken>> ListTokensAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<AccessToken>>(ListTokens, cancellationToken);

    public Task<AccessToken?> FindTokenAsync(string id, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindToken(db, id), cancellationToken);

    public Task<bool> DeleteTokenAsync(string id, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => DeleteToken(db, id), cancellationToken);

    public Task<bool> AddSessionAsync(Session session, CancellationToken cancellationToken) => _database.WriteAsync(
        db =>
        {
            ForgetOldSessions(db);
            var isAdded = InsertSession(db, session) > 0;
            EndFirstSessions(db, session.TokenId);
            return isAdded;
        },
        cancellationToken);

    public Task<Session?> FindSessionAsync(byte[] hash, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindSession(db, hash), cancellationToken);

    public Task DeleteSessionAsync(byte[] hash, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => DeleteSession(db, hash), cancellationToken);

    public Task AppendAuditAsync(AuditEntry entry, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => InsertAudit(db, entry), cancellationToken);

    public Task<IReadOnlyList<AuditEntry>> ReadAuditAsync(int limit, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<AuditEntry>>(db => ReadAudit(db, limit), cancellationToken);

    // Who signs in without end would fill the disk.
    private static void EndFirstSessions(SqliteSession db, string? tokenId) => db.Execute(
        """
        DELETE FROM session
        WHERE hash IN (
            SELECT hash
            FROM session
            WHERE token_id IS $token
            ORDER BY expires_at_ms DESC
            LIMIT -1 OFFSET $most)
        """,
        ("$token", tokenId), ("$most", IAccessStore.MostSessions));

    private static int InsertToken(SqliteSession db, AccessToken token) => db.Execute(
        """
        INSERT INTO token (id, name, hash, scopes, repos, created_at_ms, expires_at_ms, hosts)
        VALUES ($id, $name, $hash, $scopes, $repos, $created, $expires, $hosts)
        """,
        ("$id", token.Id), ("$name", token.Name), ("$hash", token.Hash),
        ("$scopes", JsonSerializer.Serialize(token.Scopes.Select(scope => scope.ToString().ToLowerInvariant()))),
        ("$repos", JsonSerializer.Serialize(token.Repos)),
        ("$created", token.CreatedAt.ToUnixTimeMilliseconds()),
        ("$expires", token.ExpiresAt?.ToUnixTimeMilliseconds()),
        ("$hosts", JsonOrNull(token.Hosts)));

    private static List<AccessToken> ListTokens(SqliteSession db) => db.All(
        """
        SELECT id, name, hash, scopes, repos, created_at_ms, expires_at_ms, hosts
        FROM token
        ORDER BY created_at_ms, id
        """,
        ReadToken);

    private static AccessToken? FindToken(SqliteSession db, string id) => db.One(
        """
        SELECT id, name, hash, scopes, repos, created_at_ms, expires_at_ms, hosts
        FROM token
        WHERE id = $id
        """,
        ReadToken,
        ("$id", id));

    private static bool DeleteToken(SqliteSession db, string id) => db.Execute(
        """
        DELETE FROM token
        WHERE id = $id
        """,
        ("$id", id)) > 0;

    private static AccessToken ReadToken(Row row) => new(
        row.Text(),
        row.Text(),
        row.Bytes(),
        [.. Texts(row.Text()).Select(word => Enum.Parse<Scope>(word, ignoreCase: true))],
        Texts(row.Text()),
        row.Time(),
        row.TimeOrNull())
    {
        Hosts = TextsOrNull(row.TextOrNull()),
    };

    private static string[] Texts(string json) => JsonSerializer.Deserialize<string[]>(json)!;

    private static string[]? TextsOrNull(string? json) => json is null ? null : Texts(json);

    private static string? JsonOrNull(IReadOnlyList<string>? texts) => texts is null ? null : JsonSerializer.Serialize(texts);

    private static int InsertSession(SqliteSession db, Session session) => db.Execute(
        """
        INSERT INTO session (hash, page_hash, token_id, admin_hash, expires_at_ms)
        SELECT $hash, $page, $token, $admin, $expires
        WHERE $token IS NULL OR EXISTS (SELECT 1 FROM token WHERE id = $token)
        """,
        ("$hash", session.Hash), ("$page", session.PageHash), ("$token", session.TokenId),
        ("$admin", session.AdminHash), ("$expires", session.ExpiresAt.ToUnixTimeMilliseconds()));

    private void ForgetOldSessions(SqliteSession db) => db.Execute(
        """
        DELETE FROM session
        WHERE expires_at_ms <= $now
        """,
        ("$now", Now));

    private Session? FindSession(SqliteSession db, byte[] hash) => db.One(
        """
        SELECT hash, page_hash, token_id, admin_hash, expires_at_ms
        FROM session
        WHERE hash = $hash
            AND expires_at_ms > $now
        """,
        row => new Session(row.Bytes(), row.Bytes(), row.TextOrNull(), row.BytesOrNull(), row.Time()),
        ("$hash", hash), ("$now", Now));

    private static int DeleteSession(SqliteSession db, byte[] hash) => db.Execute(
        """
        DELETE FROM session
        WHERE hash = $hash
        """,
        ("$hash", hash));

    private static int InsertAudit(SqliteSession db, AuditEntry entry) => db.Execute(
        """
        INSERT INTO audit (at_ms, caller, action, deployment_id, outcome)
        VALUES ($at, $caller, $action, $id, $outcome)
        """,
        ("$at", entry.At.ToUnixTimeMilliseconds()), ("$caller", entry.Caller), ("$action", entry.Action),
        ("$id", entry.DeploymentId), ("$outcome", entry.Outcome));

    private static List<AuditEntry> ReadAudit(SqliteSession db, int limit) => db.All(
        """
        SELECT at_ms, caller, action, deployment_id, outcome
        FROM audit
        ORDER BY seq DESC
        LIMIT $limit
        """,
        row => new AuditEntry(row.Time(), row.Text(), row.Text(), row.LongOrNull(), row.Int()),
        ("$limit", limit));
}
