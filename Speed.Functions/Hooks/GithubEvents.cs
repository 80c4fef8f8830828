namespace Speed.Hooks;

/// <summary>The payloads of GitHub, and those of Gitea and Forgejo, which follow them.</summary>
internal static class GithubEvents
{
    /// <summary>GitHub lists so many commits at most, and does not say that there were more.</summary>
    private const int MostCommits = 2_048;

    public static ForgeEvent Read(string name, Payload payload) => name switch
    {
        "ping" => new ForgeEvent.Other("ping"),
        "push" => ReadPush(payload),
        "delete" when payload["ref_type"].Text == "branch" => new ForgeEvent.BranchDeleted(
            AddressesOf(payload["repository"]), payload["ref"].Text ?? ""),
        "pull_request" when payload["action"].Text == "closed" => ReadClosed(payload["pull_request"]["head"]),
        _ => ForgeEvent.Other.NotAPush(name),
    };

    private static ForgeEvent.Pushed ReadPush(Payload payload)
    {
        var commits = payload["commits"].Items.ToList();
        var isDeleted = payload["deleted"].IsTrue;
        return new ForgeEvent.Pushed(AddressesOf(payload["repository"]), payload["ref"].Text ?? "")
        {
            Before = payload["before"].Text,
            After = isDeleted ? null : payload["after"].Text ?? "",
            Message = payload["head_commit"]["message"].Text ?? commits.LastOrDefault()["message"].Text,
            Files = CommitFiles.In(commits),
            AreFilesWhole = !payload["created"].IsTrue && !payload["forced"].IsTrue
                && CommitFiles.AreWhole(commits, payload["before"].Text, payload["total_commits"].Whole ?? commits.Count)
                && commits.Count < MostCommits,
        };
    }

    // Of the branch that was to be merged, which may be another repository's.
    private static ForgeEvent.RequestClosed ReadClosed(Payload head) =>
        new(AddressesOf(head["repo"]), head["ref"].Text ?? "", "pull request closed");

    private static IReadOnlyList<string> AddressesOf(Payload repository) =>
        repository.Texts("clone_url", "ssh_url", "git_url", "html_url");
}
