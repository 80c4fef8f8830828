namespace Speed.Deployments;

/// <summary>
/// What is said where a service takes the place of one that was made otherwise: it may have been meant to be a second one.
/// </summary>
internal static class Replacement
{
    private const string WayOut = "If they are two services, deploy each with a `name` of its own.";

    /// <summary>For the log of the newer one; null where nothing is to be said.</summary>
    public static string? ToldToNewer(Deployment older, Deployment newer) =>
        FindDifference(older.Options, newer.Options) is { } difference
            ? $"It took the place of deployment {older.Id}, which had another {difference}. {WayOut}"
            : null;

    /// <summary>For the log of the older one; null where nothing is to be said.</summary>
    public static string? ToldToOlder(Deployment older, Deployment newer) =>
        FindDifference(older.Options, newer.Options) is { } difference
            ? $"Deployment {newer.Id}, which has another {difference}, took its place. {WayOut}"
            : null;

    private static string? FindDifference(DeploymentOptions older, DeploymentOptions newer)
    {
        string[] all =
        [
            .. older.Dockerfile == newer.Dockerfile && older.DockerfileText == newer.DockerfileText ? [] : new[] { "Dockerfile" },
            .. older.Target == newer.Target ? [] : new[] { "target" },
            .. older.Command.SequenceEqual(newer.Command) ? [] : new[] { "command" },
        ];
        return all.Length == 0 ? null : string.Join(" and another ", all);
    }
}
