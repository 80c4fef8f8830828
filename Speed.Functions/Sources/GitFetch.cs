using Speed.Deployments;

namespace Speed.Sources;

/// <summary>What was fetched.</summary>
/// <param name="Branch">The branch or tag by name.</param>
internal sealed record Fetched(string Branch, string Commit);

/// <summary>Fetches one commit, without its history, into a bare repository.</summary>
internal sealed class GitFetch(Git git, GitOptions limits, GitWorkspace workspace, TimeProvider time, GitRoute route)
{
    private const string Target = "refs/speed/fetched";
    private static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(500);

    private readonly string _url = route.Url;
    private readonly GitRemote _remote = new(git, route);

    /// <summary>The head of a branch or tag; for null of the remote's HEAD.</summary>
    public async Task<Fetched> HeadAsync(string? branch, DeploymentLog log, CancellationToken cancellationToken)
    {
        var found = await _remote.ResolveAsync(branch, cancellationToken);
        await log.SayAsync($"Found {found.Kind} {found.Name}", cancellationToken);
        await InitAsync("sha1", cancellationToken);

        // By name, so that what comes is the head of this moment, which every server gives.
        var exit = await FetchOneAsync(found.Ref, log, cancellationToken);
        if (!exit.IsSuccess && exit.Says("mismatched algorithms"))
        {
            await InitAsync("sha256", cancellationToken);
            exit = await FetchOneAsync(found.Ref, log, cancellationToken);
        }

        Require(exit);
        var commit = await FindCommitAsync(Target, cancellationToken) ?? throw new DeploymentFailedException(
            FailureCode.CloneFailed, $"The {found.Kind} `{found.Name}` of {_url} does not name a commit.");
        return new Fetched(found.Name, commit);
    }

    /// <summary>One commit by its id; <paramref name="branch"/> is the name it is recorded under.</summary>
    public async Task<Fetched> CommitAsync(
        string? branch, string commit, DeploymentLog log, CancellationToken cancellationToken)
    {
        var name = await _remote.NameAsync(branch, cancellationToken);
        await InitAsync(commit.Length == 64 ? "sha256" : "sha1", cancellationToken);

        var exit = await FetchOneAsync(commit, log, cancellationToken);
        if (exit.Says("unadvertised object"))
        {
            await log.SayAsync(
                "The server gives no single commits: fetching the branch with its history", cancellationToken);
            var found = await _remote.ResolveAsync(branch, cancellationToken);
            exit = await FetchAsync([], found.Ref, cancellationToken);
        }

        if (!exit.Says("not our ref") && !exit.Says($"Unable to find {commit}"))
        {
            Require(exit);
        }

        return await FindCommitAsync(commit, cancellationToken) is not null
            ? new Fetched(name, commit)
            : throw new DeploymentFailedException(
                FailureCode.CommitNotFound,
                $"Commit {commit} does not exist in {_url}.",
                "Push it first, or name the branch that holds it.");
    }

    private async Task InitAsync(string format, CancellationToken cancellationToken)
    {
        Directory.Delete(git.Folder, recursive: true);
        Directory.CreateDirectory(git.Folder);
        var exit = await git.RunAsync(
            cancellationToken, "init", "--quiet", "--bare", "--template=", $"--object-format={format}", ".");
        if (!exit.IsSuccess)
        {
            throw new InvalidOperationException($"git init failed: {exit.Errors}");
        }
    }

    private void Require(GitExit exit)
    {
        if (!exit.IsSuccess)
        {
            throw GitFault.From(exit, route, tried: "git fetch --depth=1");
        }
    }

    private Task<string?> FindCommitAsync(string revision, CancellationToken cancellationToken) =>
        git.AskAsync(cancellationToken, "rev-parse", "--quiet", "--verify", "--end-of-options", revision + "^{commit}");

    /// <summary>What a branch, tag or commit names, without what was before it where the server can do so.</summary>
    private async Task<GitExit> FetchOneAsync(string what, DeploymentLog log, CancellationToken cancellationToken)
    {
        var exit = await FetchAsync(["--depth=1"], what, cancellationToken);
        if (!exit.Says("dumb http transport does not support shallow"))
        {
            return exit;
        }

        await log.SayAsync(
            "The server hands the repository out file by file: fetching the branch with its history", cancellationToken);
        exit = await FetchAsync([], what, cancellationToken);
        return exit.IsSuccess ? await JudgeAsync(cancellationToken) : exit;
    }

    // What comes file by file, Git takes as it is.
    private Task<GitExit> JudgeAsync(CancellationToken cancellationToken) => git.RunAsync(
        cancellationToken,
        [.. Git.Harmless.SelectMany(fault => new[] { "-c", $"fsck.{fault}=ignore" }),
            "fsck", "--strict", "--no-dangling", "--no-reflogs", "--no-progress"]);

    private async Task<GitExit> FetchAsync(string[] options, string what, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        string[] command =
        [
            "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
            .. options, "--", route.FetchUrl, $"+{what}:{Target}",
        ];
        var fetching = git.RunAsync(stopping.Token, command);
        while (!fetching.IsCompleted)
        {
            // Not cancelable: cancellation ends the fetch, and so the wait.
            await Task.WhenAny(fetching, Task.Delay(WatchEvery, time, CancellationToken.None));
            if (workspace.Bytes > limits.FetchMaxBytes)
            {
                await stopping.CancelAsync();
                await fetching.ContinueWith(_ => { }, TaskScheduler.Default);
                throw GitTree.TooLarge(
                    $"The fetch of {_url} brings more than {ByteCount.Format(limits.FetchMaxBytes)}.");
            }
        }

        return await fetching;
    }
}
