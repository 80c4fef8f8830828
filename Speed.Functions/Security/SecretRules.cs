using Speed.Deployments;

namespace Speed.Security;

/// <summary>Which secret is for whom.</summary>
internal static class SecretRules
{
    /// <summary>
    /// Why a deployment of the repository cannot have it as a variable, in a sentence; null
    /// if it can.
    /// </summary>
    public static string? FindFault(IEnumerable<SecretInfo> all, string name, RepositoryIdentity repository) =>
        all.FirstOrDefault(secret => secret.Name == name) switch
        {
            null => $"Secret `{name}` does not exist: make it with PUT /v1/secrets/{name}.",
            { Use: SecretUse.Git } => $"Secret `{name}` is for git, not for run: it is applied by itself.",
            { Use: SecretUse.Registry } => $"Secret `{name}` is for registry, not for run: it is applied by itself.",
            var secret when !IsFor(secret, repository) =>
                $"Secret `{name}` is not for this repository: none of its `repos` matches {repository.Target}.",
            _ => null,
        };

    public static bool IsFor(SecretInfo secret, RepositoryIdentity repository) =>
        secret.Repos.Count == 0 || repository.MatchesAny(secret.Repos);

    /// <summary>True if a login at a registry is for the deployments of the repository.</summary>
    public static bool MayDeploy(SecretInfo secret, RepositoryIdentity repository) =>
        secret.Deployers.Count == 0 || repository.MatchesAny(secret.Deployers);

    /// <summary>
    /// By the longest of their globs for repositories that matches; those of which none does come last. Of two alike the one
    /// that was first stays so.
    /// </summary>
    public static IEnumerable<T> ClosestFirst<T>(IEnumerable<T> secrets, RepositoryIdentity repository) where T : SecretInfo =>
        secrets.OrderByDescending(secret => LongestOf(secret.Use == SecretUse.Registry ? secret.Deployers : secret.Repos, repository));

    private static int LongestOf(IEnumerable<string> globs, RepositoryIdentity repository) =>
        globs.Where(glob => repository.MatchesAny([glob])).Max(glob => (int?)glob.Length) ?? -1;
}
