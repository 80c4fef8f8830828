using Speed.Deployments;

namespace Speed.Security;

/// <summary>Which secret is for whom.</summary>
internal static class SecretRules
{
    /// <summary>
    /// Why a deployment of the repository cannot have it as a variable, in a sentence; null
    /// if it can.
    /// </summary>
    /// <param name="tellsOfOthers">
    /// False: says the same of a secret of others and of one that is not there. Who may not see all repositories may not
    /// see which secrets they have either.
    /// </param>
    public static string? FindFault(
        IEnumerable<SecretInfo> all, string name, RepositoryIdentity repository, bool tellsOfOthers) =>
        all.FirstOrDefault(secret => secret.Name == name) switch
        {
            { Use: SecretUse.Run } secret when IsFor(secret, repository) && MayDeploy(secret, repository) => null,
            _ when !tellsOfOthers => NotForThis(name, repository),
            null => $"Secret `{name}` does not exist: make it with PUT /v1/secrets/{name}.",
            { Use: SecretUse.Git } => $"Secret `{name}` is for git, not for run: it is applied by itself.",
            { Use: SecretUse.Registry } => $"Secret `{name}` is for registry, not for run: it is applied by itself.",
            { } secret when !IsFor(secret, repository) =>
                $"Secret `{name}` is not for this repository: none of its `repos` matches {repository.Target}.",
            _ => $"Secret `{name}` is not for this repository: none of its `deployers` matches {repository.Target}.",
        };

    public static bool IsFor(SecretInfo secret, RepositoryIdentity repository) =>
        secret.Repos.Count == 0 || repository.MatchesAny(secret.Repos);

    /// <summary>True if it is for the deployments of the repository.</summary>
    public static bool MayDeploy(SecretInfo secret, RepositoryIdentity repository) =>
        secret.Deployers.Count == 0 || repository.MatchesAny(secret.Deployers);

    /// <summary>
    /// By the longest of their globs for repositories that matches; those of which none does come last. Of two alike the one
    /// whose deployers match closer comes first, and of two still alike the one that was first.
    /// </summary>
    public static IEnumerable<T> ClosestFirst<T>(IEnumerable<T> secrets, RepositoryIdentity repository) where T : SecretInfo =>
        secrets.OrderByDescending(secret => secret.Use == SecretUse.Registry ? -1 : LongestOf(secret.Repos, repository))
            .ThenByDescending(secret => LongestOf(secret.Deployers, repository));

    private static string NotForThis(string name, RepositoryIdentity repository) =>
        $"Secret `{name}` is not there for this repository: none for run has this name and `repos` "
        + $"and `deployers` that match {repository.Target}.";

    private static int LongestOf(IEnumerable<string> globs, RepositoryIdentity repository) =>
        globs.Where(glob => repository.MatchesAny([glob])).Max(glob => (int?)glob.Length) ?? -1;
}
