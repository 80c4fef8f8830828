using System.Text.Json;

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

    /// <summary>
    /// For the log of the newer one: what it would have taken over from one that was not up yet when that was decided.
    /// Null where nothing is to be said.
    /// </summary>
    public static string? ToldOfLate(Deployment older, Deployment newer)
    {
        if (older.Id <= (newer.TakenOver?.From ?? 0)
            || Inheritance.Decide(newer.Asked, older with { SupersededBy = null }, older.Options.Resources) is not { } missed)
        {
            return null;
        }

        var has = newer.TakenOver ?? new TakenOver { From = older.Id };
        return TextOf(missed) == TextOf(has)
            ? null
            : $"Deployment {older.Id}, whose place it took, came up after this one had found out what to take over, so that it "
                + $"goes without {string.Join(", ", missed.Members)} of that one: retry deployment {older.Id} to have it back, "
                + "or deploy again and give them.";
    }

    // Wherever it is from.
    private static string TextOf(TakenOver taken) =>
        JsonSerializer.Serialize(taken with { From = 0, Notes = [] }, TakenOver.Json);

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
