using Speed.Deployments;

namespace Speed.Security;

/// <summary>Which secret is for whom.</summary>
internal static class SecretRules
{
    /// <summary>
    /// Why a deployment of the repository at <paramref name="url"/> cannot have it as a variable, in a sentence; null
    /// if it can.
    /// </summary>
    public static string? FindFault(IEnumerable<SecretInfo> all, string name, string url) =>
        all.FirstOrDefault(secret => secret.Name == name) switch
        {
            null => $"Secret `{name}` does not exist: make it with PUT /v1/secrets/{name}.",
            { Use: SecretUse.Git } => $"Secret `{name}` is for git, not for run: it is applied by itself.",
            { Use: SecretUse.Registry } => $"Secret `{name}` is for registry, not for run: it is applied by itself.",
            var secret when !IsFor(secret, url) =>
                $"Secret `{name}` is not for this repository: none of its `repos` matches {Glob.TargetOf(url)}.",
            _ => null,
        };

    public static bool IsFor(SecretInfo secret, string url) =>
        secret.Repos.Count == 0 || Glob.MatchesAny(secret.Repos, Glob.TargetOf(url));

    /// <summary>By the longest of their globs that matches; those that do not match come last.</summary>
    public static IEnumerable<T> ClosestFirst<T>(IEnumerable<T> secrets, string url) where T : SecretInfo
    {
        var target = Glob.TargetOf(url);
        return secrets.OrderByDescending(
            secret => secret.Repos.Where(glob => Glob.MatchesAny([glob], target)).Max(glob => (int?)glob.Length) ?? -1);
    }
}
