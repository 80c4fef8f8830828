namespace Speed.Hooks;

/// <summary>The payloads of GitLab, whose kind stands in the body.</summary>
internal static class GitlabEvents
{
    public static ForgeEvent Read(string name, Payload payload) => payload["object_kind"].Text switch
    {
        "push" or "tag_push" => ReadPush(payload),
        "merge_request" when payload["object_attributes"]["action"].Text is "close" or "merge" =>
            ReadClosed(payload["object_attributes"]),
        { } kind => ForgeEvent.Other.NotAPush(ForgeText.Shown(kind)),
        null => ForgeEvent.Other.NotAPush(name),
    };

    // Commits stand in order, the newest last; twenty at most.
    private static ForgeEvent.Pushed ReadPush(Payload payload)
    {
        var commits = payload["commits"].Items.ToList();
        var after = payload["after"].Text ?? "";
        var head = commits.LastOrDefault(commit => commit["id"].Text == after);
        return new ForgeEvent.Pushed(AddressesOf(payload["project"]), payload["ref"].Text ?? "")
        {
            Before = payload["before"].Text,
            After = after,
            Message = head["message"].Text,
            Files = CommitFiles.In(commits),
            AreFilesWhole = CommitFiles.AreWhole(
                commits, payload["before"].Text, payload["total_commits_count"].Whole ?? -1),
        };
    }

    private static ForgeEvent.RequestClosed ReadClosed(Payload request) =>
        new(AddressesOf(request["source"]), request["source_branch"].Text ?? "", "merge request closed");

    private static IReadOnlyList<string> AddressesOf(Payload project) =>
        project.Texts("git_http_url", "git_ssh_url", "http_url", "ssh_url", "web_url");
}
