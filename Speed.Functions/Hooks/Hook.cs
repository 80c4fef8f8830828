using Speed.Deployments;

namespace Speed.Hooks;

/// <summary>What of a repository's pushes is deployed, and how: all of a hook but its secret.</summary>
/// <param name="Url">What is deployed, and whose pushes count.</param>
/// <param name="Branches">Globs, at least one.</param>
/// <param name="Paths">Globs of files, one of which a push has to touch; empty: it does not matter which.</param>
/// <param name="Options">What create would be sent, as it was given, without url, branch and commit.</param>
public record Hook(
    string Name,
    Forge Forge,
    string Url,
    IReadOnlyList<string> Branches,
    IReadOnlyList<string> Paths,
    string Options,
    DateTimeOffset CreatedAt)
{
    /// <summary>
    /// Patterns of the repositories that what it starts may be redirected to, and may fetch as submodules with secrets, beside
    /// its own. Null, all, for one of before there were such.
    /// </summary>
    public IReadOnlyList<string>? Repos { get; init; } = [];

    /// <summary>The repository that the url means.</summary>
    public RepositoryIdentity Identity => RepositoryIdentity.Of(Url);
}

/// <summary>A hook as it is kept.</summary>
/// <param name="Secret">Sealed.</param>
public sealed record SealedHook(
    string Name,
    Forge Forge,
    string Url,
    IReadOnlyList<string> Branches,
    IReadOnlyList<string> Paths,
    string Options,
    DateTimeOffset CreatedAt,
    byte[] Secret)
    : Hook(Name, Forge, Url, Branches, Paths, Options, CreatedAt)
{
    public SealedHook(Hook hook, byte[] secret)
        : this(hook.Name, hook.Forge, hook.Url, hook.Branches, hook.Paths, hook.Options, hook.CreatedAt, secret)
    {
        Repos = hook.Repos;
    }
}
