using Speed.Deployments;

namespace Speed.Hooks;

/// <summary>Decides what follows from what a forge told.</summary>
public static class HookRules
{
    private const string Heads = "refs/heads/";

    private static readonly string[] SkipWords =
        ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "[skip deploy]", "[no deploy]"];

    private static readonly string[] Schemes = [.. RepositoryUrl.KnownSchemes, "git"];

    public static Decision Decide(Hook hook, ForgeEvent told) => told switch
    {
        ForgeEvent.Pushed push => FindStranger(hook, push.Addresses) ?? Decide(hook, push),
        ForgeEvent.BranchDeleted deleted => FindStranger(hook, deleted.Addresses) ?? End(deleted.Branch),
        ForgeEvent.RequestClosed closed => FindStranger(hook, closed.Addresses) ?? Leave(closed),
        ForgeEvent.Other other => new Decision.Ignore(other.Reason),
        _ => throw new ArgumentException($"{told} is no event.", nameof(told)),
    };

    /// <summary>True if both are addresses of one repository, by whatever scheme.</summary>
    public static bool IsSameRepository(string url, string other)
    {
        if (RepositoryUrl.FindFault(url, Schemes) is not null || RepositoryUrl.FindFault(other, Schemes) is not null)
        {
            return false;
        }

        if (RepositoryIdentity.Of(url) == RepositoryIdentity.Of(other))
        {
            return true;
        }

        var (one, two) = (RepositoryUrl.Parse(url), RepositoryUrl.Parse(other));
        return one.Host == two.Host
            && (one.Scheme != two.Scheme || one.RealPort == two.RealPort)
            && PathOf(one).Equals(PathOf(two), StringComparison.OrdinalIgnoreCase);
    }

    private static string PathOf(RepositoryAddress address)
    {
        var path = address.Path.Trim('/');
        return path.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? path[..^4] : path;
    }

    private static Decision.Ignore? FindStranger(Hook hook, IReadOnlyList<string> addresses) =>
        addresses.Any(address => IsSameRepository(hook.Url, address)) ? null
        : addresses.Count == 0 ? new Decision.Ignore("the delivery names no repository")
        : new Decision.Ignore(
            $"the delivery is of {ForgeText.Shown(addresses[0])}, and the hook of {ForgeText.Shown(hook.Url)}");

    private static Decision Decide(Hook hook, ForgeEvent.Pushed push)
    {
        if (!push.Ref.StartsWith(Heads, StringComparison.Ordinal))
        {
            return new Decision.Ignore($"{ForgeText.Shown(push.Ref)} is not a branch");
        }

        var branch = push.Ref[Heads.Length..];
        if (push.After is null || IsNone(push.After))
        {
            return End(branch);
        }

        return FindObstacle(hook, push, branch) is { } obstacle
            ? new Decision.Ignore(obstacle)
            : DecideByPaths(hook, push, branch);
    }

    private static string? FindObstacle(Hook hook, ForgeEvent.Pushed push, string branch)
    {
        if (BranchName.FindFault(branch) is not null)
        {
            return $"`{ForgeText.Shown(branch)}` is not a branch's name";
        }

        if (!CommitId.IsCommit(push.After))
        {
            return $"`{ForgeText.Shown(push.After!)}` is not a commit's id";
        }

        if (push.Before == push.After)
        {
            return "nothing was pushed: the commit before is the commit after";
        }

        if (!new HookPatterns(HookPattern.OfBranches, hook.Branches).Matches(branch))
        {
            return $"branch `{ForgeText.Shown(branch)}` is none of the hook's: {ForgeText.Shown(hook.Branches)}";
        }

        var skip = SkipWords.FirstOrDefault(word => push.Message?.Contains(word, StringComparison.OrdinalIgnoreCase) == true);
        return skip is null ? null : $"the head commit's message has {skip}";
    }

    private static Decision DecideByPaths(Hook hook, ForgeEvent.Pushed push, string branch)
    {
        var commit = push.After!.ToLowerInvariant();
        var pushed = $"branch `{ForgeText.Shown(branch)}` was pushed";
        if (hook.Paths.Count == 0)
        {
            return new Decision.Start(branch, commit, pushed);
        }

        if (push.Files.FirstOrDefault(new HookPatterns(HookPattern.OfPaths, hook.Paths).Matches) is { } file)
        {
            return new Decision.Start(branch, commit, $"{pushed} with a change of `{ForgeText.Shown(file)}`");
        }

        return push.AreFilesWhole
            ? new Decision.Ignore(
                $"of {push.Files.Count} changed files none is one of the hook's paths: {ForgeText.Shown(hook.Paths)}")
            : new Decision.Start(branch, commit, $"{pushed}, and the forge did not list every file that changed");
    }

    private static Decision End(string branch) => BranchName.FindFault(branch) is null
        ? new Decision.End(branch, "branch deleted")
        : new Decision.Ignore($"branch deleted, but `{ForgeText.Shown(branch)}` is not a branch's name");

    // Only pushes start something: what is up of the branch is its own, and may be what everybody uses.
    private static Decision.Ignore Leave(ForgeEvent.RequestClosed closed) => new(
        $"{closed.How}; nothing was started for it, and what pushes of `{ForgeText.Shown(closed.Branch)}` started stays until the "
        + "branch is deleted");

    private static bool IsNone(string commit) => commit.Length > 0 && commit.All(digit => digit == '0');
}
