namespace Speed.Hooks;

/// <summary>The payloads of Bitbucket, where one push may change many branches and no files are listed.</summary>
internal static class BitbucketEvents
{
    public static IReadOnlyList<ForgeEvent> Read(string name, Payload payload)
    {
        switch (name)
        {
            case "repo:push":
                var addresses = AddressesOf(payload["repository"]);
                var pushes = payload["push"]["changes"].Items.Select(change => ReadChange(addresses, change)).ToList();
                return pushes.Count > 0 ? pushes : [new ForgeEvent.Other("the push changed nothing")];
            case "pullrequest:fulfilled" or "pullrequest:rejected":
                return [ReadClosed(payload["pullrequest"]["source"])];
            case "diagnostics:ping":
                return [new ForgeEvent.Other("ping")];
            default:
                return [ForgeEvent.Other.NotAPush(name)];
        }
    }

    private static ForgeEvent.Pushed ReadChange(IReadOnlyList<string> addresses, Payload change)
    {
        var (before, after) = (change["old"], change["new"]);
        var named = after.IsMissing ? before : after;
        var folder = named["type"].Text == "branch" ? "heads" : "tags";
        return new ForgeEvent.Pushed(addresses, $"refs/{folder}/{named["name"].Text}")
        {
            Before = before["target"]["hash"].Text,
            After = after.IsMissing ? null : after["target"]["hash"].Text ?? "",
            Message = after["target"]["message"].Text,
        };
    }

    private static ForgeEvent.RequestClosed ReadClosed(Payload source) =>
        new(AddressesOf(source["repository"]), source["branch"]["name"].Text ?? "", "pull request closed");

    // There are no addresses to clone from.
    private static IReadOnlyList<string> AddressesOf(Payload repository) => repository["links"]["html"].Texts("href");
}
