using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>A branch or tag of a remote repository.</summary>
/// <param name="Kind"><c>branch</c> or <c>tag</c>.</param>
/// <param name="Name">As people write it.</param>
/// <param name="Ref">As Git does: <c>refs/heads/main</c>.</param>
internal sealed record RemoteRef(string Kind, string Name, string Ref);

/// <summary>What a repository elsewhere says of its branches and tags, without fetching anything.</summary>
internal sealed class GitRemote(Git git, GitRoute route)
{
    private const string Heads = "refs/heads/";
    private const string Tags = "refs/tags/";
    private const int NamedBranches = 10;

    private readonly string _url = route.Url;

    /// <summary>The branch of this name, or else the tag; for null what the remote's HEAD stands for.</summary>
    public Task<RemoteRef> ResolveAsync(string? name, CancellationToken cancellationToken) =>
        name is null ? ResolveHeadAsync(cancellationToken) : ResolveNameAsync(name, cancellationToken);

    private async Task<RemoteRef> ResolveHeadAsync(CancellationToken cancellationToken)
    {
        string? target = null;
        var exists = false;
        await ListAsync((value, name) =>
        {
            target = name == "HEAD" && value.StartsWith("ref: ", StringComparison.Ordinal) ? value[5..] : target;
            exists |= name == "HEAD";
        }, ["--symref"], ["HEAD"], cancellationToken);

        if (!exists)
        {
            throw await NoHeadAsync(cancellationToken);
        }

        return target is not null && target.StartsWith(Heads, StringComparison.Ordinal)
            && BranchName.FindFault(target[Heads.Length..]) is null
            ? new RemoteRef("branch", target[Heads.Length..], target)
            : new RemoteRef("branch", "HEAD", "HEAD");
    }

    private async Task<RemoteRef> ResolveNameAsync(string name, CancellationToken cancellationToken)
    {
        var branches = new List<string>();
        RemoteRef? branch = null, tag = null;
        await ListAsync((_, reference) =>
        {
            branch = reference == Heads + name ? new RemoteRef("branch", name, reference) : branch;
            tag = reference == Tags + name ? new RemoteRef("tag", name, reference) : tag;
            AddBranch(branches, reference);
        }, ["--heads", "--tags"], [], cancellationToken);

        return branch ?? tag ?? throw new DeploymentFailedException(
            FailureCode.BranchNotFound,
            branches.Count == 0 ? Empty : $"Branch `{name}` does not exist in {_url}; it has {Names(branches)}.",
            "Name one of its branches or tags, or none for its default branch.");
    }

    private async Task<DeploymentFailedException> NoHeadAsync(CancellationToken cancellationToken)
    {
        var branches = new List<string>();
        await ListAsync((_, reference) => AddBranch(branches, reference), ["--heads"], [], cancellationToken);
        return new DeploymentFailedException(
            FailureCode.BranchNotFound,
            branches.Count == 0 ? Empty : $"The default branch of {_url} does not exist; it has {Names(branches)}.",
            branches.Count == 0 ? "Push a commit to it first." : "Name one of its branches.");
    }

    private string Empty => $"The repository {_url} is empty: it has no branch yet.";

    private async Task ListAsync(
        Action<string, string> see, string[] options, string[] patterns, CancellationToken cancellationToken)
    {
        string[] command = ["ls-remote", "--quiet", .. options, "--", route.FetchUrl, .. patterns];
        var exit = await git.ReadAsync(async output =>
        {
            using var lines = new StreamReader(output, Encoding.UTF8);
            while (await lines.ReadLineAsync(CancellationToken.None) is { } line)
            {
                var parts = line.Split('\t', 2);
                see(parts[0], parts[^1]);
            }
        }, command, cancellationToken);

        if (!exit.IsSuccess)
        {
            throw GitFault.From(exit, _url);
        }
    }

    private static void AddBranch(List<string> branches, string reference)
    {
        if (reference.StartsWith(Heads, StringComparison.Ordinal))
        {
            branches.Add(reference[Heads.Length..]);
        }
    }

    private static string Names(List<string> branches)
    {
        var first = branches.OrderByDescending(name => name is "main" or "master").Take(NamedBranches);
        var more = branches.Count - NamedBranches;
        return string.Join(", ", first.Select(name => $"`{name}`")) + (more > 0 ? $" and {more:N0} more" : "");
    }
}
