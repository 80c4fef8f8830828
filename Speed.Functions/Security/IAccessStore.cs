namespace Speed.Security;

/// <summary>What is kept of tokens, sessions, and of who did what. Of keys only SHA-256 values, 32 bytes.</summary>
public interface IAccessStore
{
    const int MostSessions = 100;

    Task AddTokenAsync(AccessToken token, CancellationToken cancellationToken);

    /// <summary>The expired ones too, the newest last.</summary>
    Task<IReadOnlyList<AccessToken>> ListTokensAsync(CancellationToken cancellationToken);

    /// <summary>Null if there is none.</summary>
    Task<AccessToken?> FindTokenAsync(string id, CancellationToken cancellationToken);

    /// <summary>Removes it with its sessions. False if there was none.</summary>
    Task<bool> DeleteTokenAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a session, and forgets those that are over; where its token, or the admin key, has more than
    /// <see cref="MostSessions"/> then, the one that ends first as well. False if its token has been removed meanwhile.
    /// </summary>
    Task<bool> AddSessionAsync(Session session, CancellationToken cancellationToken);

    /// <summary>Null if there is none, or it is over.</summary>
    Task<Session?> FindSessionAsync(byte[] hash, CancellationToken cancellationToken);

    Task DeleteSessionAsync(byte[] hash, CancellationToken cancellationToken);

    Task AppendAuditAsync(AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>The newest first.</summary>
    Task<IReadOnlyList<AuditEntry>> ReadAuditAsync(int limit, CancellationToken cancellationToken);
}

/// <param name="Id">12 characters, the middle of its value.</param>
/// <param name="Hash">SHA-256 of the whole value.</param>
/// <param name="Repos">Globs of repositories; empty for all.</param>
/// <param name="ExpiresAt">Null: never.</param>
public sealed record AccessToken(
    string Id,
    string Name,
    byte[] Hash,
    IReadOnlyList<Scope> Scopes,
    IReadOnlyList<string> Repos,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt)
{
    /// <summary>Patterns of the hosts that it may ask for; empty for none. Null, all, for one of before there were such.</summary>
    public IReadOnlyList<string>? Hosts { get; init; }

    public bool IsExpiredAt(DateTimeOffset now) => ExpiresAt <= now;

    public Caller ToCaller() => new(Id, Name, Scopes.ToHashSet()) { Repos = Repos, Hosts = Hosts, ExpiresAt = ExpiresAt };
}

/// <summary>Somebody signed in at the dashboard.</summary>
/// <param name="Hash">SHA-256 of the session's id, which only its browser has.</param>
/// <param name="PageHash">SHA-256 of the value that the page keeps, and sends along.</param>
/// <param name="TokenId">Null: signed in with the admin key.</param>
/// <param name="AdminHash">SHA-256 of that key, so that the session ends with it; null for a token.</param>
public sealed record Session(byte[] Hash, byte[] PageHash, string? TokenId, byte[]? AdminHash, DateTimeOffset ExpiresAt);

/// <summary>One request that changed something, or was not allowed to.</summary>
/// <param name="Action">The function's name.</param>
/// <param name="Outcome">The answer's HTTP status.</param>
public sealed record AuditEntry(DateTimeOffset At, string Caller, string Action, long? DeploymentId, int Outcome);
