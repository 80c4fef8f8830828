using System.Security.Cryptography;
using Speed.Deployments;

namespace Speed.Security;

/// <summary>Knows callers by what they show, and gives them what to show.</summary>
public sealed class Access(
    IAccessStore store, IDeploymentStore deployments, LeaderTokens leaders, AdminKey admin, MasterKey masterKey, TimeProvider time)
{
    private static readonly TimeSpan SessionLasts = TimeSpan.FromHours(12);
    private static readonly TimeSpan LeaderLastsAfterTheEnd = TimeSpan.FromMinutes(15);
    private static readonly byte[] Nobody = new byte[SHA256.HashSizeInBytes];

    // Of keys that are not there: nobody can tell what is made with it from the proof of one that is, after a restart neither.
    private readonly byte[] _unknown = masterKey.Derive("proofs of unknown tokens");

    /// <summary>Whose key this is; null for nobody's.</summary>
    public async Task<Caller?> FindByKeyAsync(string key, CancellationToken cancellationToken)
    {
        if (LeaderTokens.IdIn(key) is { } deploymentId)
        {
            return await FindLeaderAsync(key, deploymentId, cancellationToken);
        }

        return KeyText.IdIn(key) is { } id
            ? (await FindTokenAsync(id, KeyText.Hash(key), cancellationToken))?.ToCaller()
            : admin.Is(KeyText.Hash(key)) ? Caller.Admin : null;
    }

    /// <summary>
    /// Who is signed in under this session's id; null for nobody, and where the page's value is another's.
    /// </summary>
    public async Task<Caller?> FindBySessionAsync(
        string sessionId, string pageValue, CancellationToken cancellationToken)
    {
        var found = await store.FindSessionAsync(KeyText.Hash(sessionId), cancellationToken);
        if (!CryptographicOperations.FixedTimeEquals(found?.PageHash ?? Nobody, KeyText.Hash(pageValue)))
        {
            return null;
        }

        switch (found)
        {
            case { AdminHash: { } hash } session:
                return admin.Is(hash) ? Caller.Admin with { ExpiresAt = session.ExpiresAt } : null;
            case { TokenId: { } id } session:
                var token = await store.FindTokenAsync(id, cancellationToken);
                var caller = token?.IsExpiredAt(time.GetUtcNow()) == false ? token.ToCaller() : null;
                return caller is null ? null : caller with { ExpiresAt = Earlier(caller.ExpiresAt, session.ExpiresAt) };
            default:
                return null;
        }
    }

    /// <summary>
    /// Signs the holder of a key in, and gives the session's id, for the cookie, the value for the page, and the end;
    /// null for a key that is nobody's.
    /// </summary>
    public async Task<(string Id, string PageValue, Caller Caller)?> SignInAsync(string key, CancellationToken cancellationToken)
    {
        if (await FindByKeyAsync(key, cancellationToken) is not { LeaderOf: null } caller)
        {
            return null;
        }

        var (id, page) = (KeyText.New(), KeyText.New());
        var expiresAt = Earlier(caller.ExpiresAt, time.GetUtcNow() + SessionLasts);
        var isAdmin = caller == Caller.Admin;
        var isAdded = await store.AddSessionAsync(
            new Session(
                KeyText.Hash(id), KeyText.Hash(page), isAdmin ? null : caller.Id, isAdmin ? admin.Hash : null,
                expiresAt),
            cancellationToken);
        return isAdded ? (id, page, caller with { ExpiresAt = expiresAt }) : null;
    }

    /// <summary>
    /// Proves that SPEED has the token of this id, or the admin key where that is null. For who has the key as well; of one
    /// that is not there, or good no more, it is something random.
    /// </summary>
    public async Task<string> ProveAsync(string? id, string nonce, CancellationToken cancellationToken)
    {
        var token = id is null ? null : await store.FindTokenAsync(id, cancellationToken);
        var value = id is null ? admin.ProofValue
            : token?.IsExpiredAt(time.GetUtcNow()) == false ? token.Hash
            : null;
        return KeyProof.Of(value ?? _unknown, id ?? "", nonce);
    }

    public Task SignOutAsync(string sessionId, CancellationToken cancellationToken) =>
        store.DeleteSessionAsync(KeyText.Hash(sessionId), cancellationToken);

    /// <summary>Makes a token and gives it with its value, which nobody can be told again.</summary>
    /// <param name="lasts">Null: for ever.</param>
    public async Task<(AccessToken Token, string Value)> AddTokenAsync(
        string name, IReadOnlyList<Scope> scopes, IReadOnlyList<string> repos, IReadOnlyList<string> hosts,
        TimeSpan? lasts, CancellationToken cancellationToken)
    {
        var id = KeyText.NewId();
        var value = KeyText.Token(id);
        var now = time.GetUtcNow();
        var token = new AccessToken(id, name, KeyText.Hash(value), scopes, repos, now, now + lasts) { Hosts = hosts };
        await store.AddTokenAsync(token, cancellationToken);
        return (token, value);
    }

    // Compared whether or not there is such a token, so that the time tells nothing of ids either.
    private async Task<AccessToken?> FindTokenAsync(string id, byte[] hash, CancellationToken cancellationToken)
    {
        var token = await store.FindTokenAsync(id, cancellationToken);
        var fits = CryptographicOperations.FixedTimeEquals(token?.Hash ?? Nobody, hash);
        return fits && token?.IsExpiredAt(time.GetUtcNow()) == false ? token : null;
    }

    private async Task<Caller?> FindLeaderAsync(string key, long id, CancellationToken cancellationToken)
    {
        var deployment = await deployments.FindAsync(id, cancellationToken);
        return deployment is not null
            && leaders.Fits(key, deployment)
            && (deployment.EndedAt is null || time.GetUtcNow() < deployment.EndedAt + LeaderLastsAfterTheEnd)
                ? Caller.Leader(id)
                : null;
    }

    private static DateTimeOffset Earlier(DateTimeOffset? first, DateTimeOffset second) =>
        first < second ? first.Value : second;
}
