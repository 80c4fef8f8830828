namespace Speed.Hooks;

/// <summary>The files in the commits of a push, as GitHub, GitLab and Gitea list them.</summary>
internal static class CommitFiles
{
    private static readonly string[] Lists = ["added", "modified", "removed"];

    public static IReadOnlyList<string> In(IEnumerable<Payload> commits) =>
    [
        .. commits.SelectMany(commit => Lists.SelectMany(list => commit[list].Items))
            .Select(file => file.Text).OfType<string>().Distinct(),
    ];

    /// <summary>
    /// False for the push of a branch that is new, or moved to commits that were there: what those changed is in no list.
    /// </summary>
    /// <param name="total">How many there are, some of which may not be listed.</param>
    public static bool AreWhole(IReadOnlyCollection<Payload> commits, string? before, int total) =>
        commits.Count > 0
        && commits.Count == total
        && CommitId.IsCommit(before)
        && commits.All(commit => Lists.All(list => commit[list].Count is not null));
}
