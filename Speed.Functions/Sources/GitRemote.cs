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

    // As git itself spells names where it shows them, and so people copy them.
    private static readonly (string Prefix, string Kind)[] Spellings =
    [
        (Heads, "branch"), (Tags, "tag"), ("refs/remotes/origin/", "branch"), ("heads/", "branch"), ("tags/", "tag"),
        ("remotes/origin/", "branch"), ("origin/", "branch"),
    ];

    private delegate void SeeRef(ReadOnlySpan<byte> value, ReadOnlySpan<byte> name);

    private static ReadOnlySpan<byte> Symbolic => "ref: "u8;

    /// <summary>
    /// The branch of this name, or else the tag, or else what is spelled so (<c>origin/main</c>, <c>refs/tags/v1</c>); for null what
    /// the remote's HEAD stands for.
    /// </summary>
    public Task<RemoteRef> ResolveAsync(string? name, CancellationToken cancellationToken) =>
        name is null ? ResolveHeadAsync(cancellationToken) : ResolveNameAsync(name, cancellationToken);

    /// <summary>What a commit of this branch is recorded under, without asking where that is plain; it may be gone.</summary>
    public async Task<string> NameAsync(string? branch, CancellationToken cancellationToken)
    {
        if (branch is not null && Meanings(branch).Count() == 2)
        {
            return branch;
        }

        return branch is null
            ? (await ResolveHeadAsync(cancellationToken)).Name
            : (await FindAsync(branch, new NamedBranches(), cancellationToken) ?? Meanings(branch).First()).Name;
    }

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
        return await FindAsync(name, branches, cancellationToken)
            ?? throw new DeploymentFailedException(
                FailureCode.BranchNotFound,
                branches.Count == 0 ? Empty : $"Branch `{name}` does not exist in {_url}; it has {branches}.",
                "Name one of its branches or tags, or none for its default branch.");
    }

    private async Task<RemoteRef?> FindAsync(string name, NamedBranches branches, CancellationToken cancellationToken)
    {
        var meanings = Meanings(name).Select(one => (Meaning: one, Bytes: Encoding.UTF8.GetBytes(one.Ref))).ToArray();
        var found = meanings.Length;
        await ListAsync((_, reference) =>
        {
            for (var i = 0; i < found; i++)
            {
                found = reference.SequenceEqual(meanings[i].Bytes) ? i : found;
            }

            branches.See(reference);
        }, ["--heads", "--tags"], [], cancellationToken);
        return found < meanings.Length ? meanings[found].Meaning : null;
    }

    // The first one that exists counts. A whole name is first taken for what it says: whoever may push could make a branch
    // that is called `refs/heads/main`.
    private static IEnumerable<RemoteRef> Meanings(string name)
    {
        RemoteRef[] plain = [Meaning("branch", name), Meaning("tag", name)];
        var spelled = Spellings
            .Where(one => name.Length > one.Prefix.Length && name.StartsWith(one.Prefix, StringComparison.Ordinal))
            .Select(one => Meaning(one.Kind, name[one.Prefix.Length..]));
        return name.StartsWith("refs/", StringComparison.Ordinal) ? [.. spelled, .. plain] : [.. plain, .. spelled];
    }

    private static RemoteRef Meaning(string kind, string name) => new(kind, name, (kind == "tag" ? Tags : Heads) + name);

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
