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

    // No line of Git's protocol is longer than 65,516 bytes.
    private const int MaxLineBytes = 66_000;

    private readonly string _url = route.Url;

    private delegate void SeeRef(ReadOnlySpan<byte> value, ReadOnlySpan<byte> name);

    private static ReadOnlySpan<byte> Symbolic => "ref: "u8;

    /// <summary>The branch of this name, or else the tag; for null what the remote's HEAD stands for.</summary>
    public Task<RemoteRef> ResolveAsync(string? name, CancellationToken cancellationToken) =>
        name is null ? ResolveHeadAsync(cancellationToken) : ResolveNameAsync(name, cancellationToken);

    private async Task<RemoteRef> ResolveHeadAsync(CancellationToken cancellationToken)
    {
        string? target = null;
        var exists = false;
        await ListAsync((value, name) =>
        {
            var isHead = name.SequenceEqual("HEAD"u8);
            target = isHead && value.StartsWith(Symbolic) ? Encoding.UTF8.GetString(value[Symbolic.Length..]) : target;
            exists |= isHead;
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
        var branches = new NamedBranches();
        var (branch, tag) = (Encoding.UTF8.GetBytes(Heads + name), Encoding.UTF8.GetBytes(Tags + name));
        var (isBranch, isTag) = (false, false);
        await ListAsync((_, reference) =>
        {
            isBranch |= reference.SequenceEqual(branch);
            isTag |= reference.SequenceEqual(tag);
            branches.See(reference);
        }, ["--heads", "--tags"], [], cancellationToken);

        return isBranch ? new RemoteRef("branch", name, Heads + name)
            : isTag ? new RemoteRef("tag", name, Tags + name)
            : throw new DeploymentFailedException(
                FailureCode.BranchNotFound,
                branches.Count == 0 ? Empty : $"Branch `{name}` does not exist in {_url}; it has {branches}.",
                "Name one of its branches or tags, or none for its default branch.");
    }

    private async Task<DeploymentFailedException> NoHeadAsync(CancellationToken cancellationToken)
    {
        var branches = new NamedBranches();
        await ListAsync((_, reference) => branches.See(reference), ["--heads"], [], cancellationToken);
        return new DeploymentFailedException(
            FailureCode.BranchNotFound,
            branches.Count == 0 ? Empty : $"The default branch of {_url} does not exist; it has {branches}.",
            branches.Count == 0 ? "Push a commit to it first." : "Name one of its branches.");
    }

    private string Empty => $"The repository {_url} is empty: it has no branch yet.";

    private async Task ListAsync(
        SeeRef see, string[] options, string[] patterns, CancellationToken cancellationToken)
    {
        string[] command = ["ls-remote", "--quiet", .. options, "--", route.FetchUrl, .. patterns];
        var count = 0;
        var exit = await git.ReadAsync(
            output => GitRecords.ReadAsync(output, (byte)'\n', MaxLineBytes, See, TooManyRefs), command, cancellationToken);

        if (!exit.IsSuccess)
        {
            throw GitFault.From(exit, route);
        }

        void See(ReadOnlySpan<byte> line)
        {
            if (++count > git.Options.MaxRefs)
            {
                throw TooManyRefs();
            }

            var tab = line.IndexOf((byte)'\t');
            see(tab < 0 ? line : line[..tab], line[(tab + 1)..]);
        }
    }

    private DeploymentFailedException TooManyRefs() => new(
        FailureCode.RepoTooLarge,
        $"{_url} has more than {git.Options.MaxRefs:N0} branches and tags.",
        "Remove those that nobody needs.");

    // How many there are, and the first of them by name: there may be more than memory holds.
    private sealed class NamedBranches
    {
        private const int Most = 10;

        private readonly List<string> _usual = [];
        private readonly List<string> _others = [];

        public int Count { get; private set; }

        public void See(ReadOnlySpan<byte> reference)
        {
            if (!reference.StartsWith("refs/heads/"u8))
            {
                return;
            }

            Count++;
            var name = reference["refs/heads/".Length..];
            var names = name.SequenceEqual("main"u8) || name.SequenceEqual("master"u8) ? _usual : _others;
            if (names.Count < Most && Encoding.UTF8.GetString(name) is var text && BranchName.FindFault(text) is null)
            {
                names.Add(text);
            }
        }

        public override string ToString()
        {
            var more = Count - Most;
            return string.Join(", ", _usual.Concat(_others).Take(Most).Select(name => $"`{name}`"))
                + (more > 0 ? $" and {more:N0} more" : "");
        }
    }
}
