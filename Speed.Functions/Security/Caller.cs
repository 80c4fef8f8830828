using Speed.Deployments;

namespace Speed.Security;

/// <summary>Who calls, as far as SPEED knows, and what they may do.</summary>
/// <param name="Id">A token's id; or <c>local</c>, <c>admin</c>, <c>leader-7</c>, <c>hook:site</c>. It stands in the audit.</param>
/// <param name="Name">As people call it.</param>
public sealed record Caller(string Id, string Name, IReadOnlySet<Scope> Scopes)
{
    private static readonly HashSet<Scope> All = [.. Enum.GetValues<Scope>()];

    /// <summary>Whoever can connect, where keys are not required.</summary>
    public static Caller Local { get; } = new("local", "local user", All);

    /// <summary>The holder of the admin key.</summary>
    public static Caller Admin { get; } = new("admin", "admin key", All);

    /// <summary>Globs of the repositories that they see and touch; empty for all.</summary>
    public IReadOnlyList<string> Repos { get; init; } = [];

    /// <summary>The same of what they deploy; null for all.</summary>
    public IReadOnlyList<string>? Deploys => Repos.Count == 0 ? null : Repos;

    /// <summary>Patterns of the host names that they may ask for; empty for none, null for all.</summary>
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>The one deployment that a leader's token is for; null for everybody else.</summary>
    public long? LeaderOf { get; init; }

    /// <summary>When they have to come with another key; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public static Caller Leader(long id) => new($"leader-{id}", "leader", new HashSet<Scope> { Scope.Report })
    {
        LeaderOf = id,
    };

    /// <summary>A forge whose delivery fits the secret of the hook. It may call nothing.</summary>
    public static Caller Hook(string name) => new($"hook:{name}", $"hook {name}", new HashSet<Scope>());

    public bool Has(Scope scope) => Scopes.Contains(scope) || Scopes.Contains(Scope.Admin);

    /// <summary>False for what must look as if it did not exist.</summary>
    public bool Sees(Deployment deployment) =>
        (LeaderOf is null || LeaderOf == deployment.Id) && SeesRepository(deployment.Identity);

    public bool MayAskFor(string host) => Hosts is null || Glob.MatchesAny(Hosts, host);

    public bool SeesRepository(RepositoryIdentity repository) => Repos.Count == 0 || repository.MatchesAny(Repos);
}
