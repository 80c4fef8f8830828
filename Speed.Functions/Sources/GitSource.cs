using System.ComponentModel;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Fetches with the git program: one commit, no history, no checkout.</summary>
public sealed class GitSource(GitOptions options, TimeProvider time) : ISource
{
    private readonly GitRouter _router = new(options);

    /// <summary>What is wrong with this machine's git and the way out, in a sentence; null if nothing is.</summary>
    public Task<string?> FindFaultAsync(CancellationToken cancellationToken) =>
        GitVersion.FindFaultAsync(options, cancellationToken);

    /// <summary>
    /// Removes what an earlier process left behind. Only for the one process that owns the work folder.
    /// </summary>
    public void RemoveLeftovers() => GitWorkspace.RemoveLeftovers(options.WorkFolder);

    public async Task<ISourceTree> FetchAsync(
        Deployment deployment, DeploymentSecrets secrets, DeploymentLog log, CancellationToken cancellationToken)
    {
        CheckSyntax(deployment.Options);
        var folder = RepositoryPath.Normalize(deployment.Options.Subdirectory)
            ?? throw NoFolder($"`{deployment.Options.Subdirectory}` leads out of the repository.");

        var workspace = GitWorkspace.Create(options.WorkFolder);
        try
        {
            var route = await FindRouteAsync(deployment, secrets, log, cancellationToken);
            var git = workspace.Open(options, route);
            var fetch = new GitFetch(git, options, workspace, time, route);
            var fetched = await FetchAsync(fetch, deployment, log, cancellationToken);
            var commitTime = await new GitReport(log).SayCommitAsync(git, fetched.Commit, cancellationToken);

            var count = new TreeCount(options);
            var part = await OpenAsync(git, fetched.Commit, folder, count, cancellationToken);
            var submodules = new SubmoduleFetch(deployment, options, workspace, _router, time, count, secrets.Git, log);
            var parts = await CompleteAsync(part, submodules, folder, deployment, log, cancellationToken);
            return new GitSourceTree(fetched, commitTime, parts, workspace);
        }
        catch (Exception fault)
        {
            await workspace.DisposeAsync();
            if (fault is Win32Exception)
            {
                throw new DeploymentFailedException(FailureCode.Internal, GitVersion.NotFound, inner: fault);
            }

            throw;
        }
    }

    // The HTTP layer has said so before; a row may be older than the operator's settings.
    private void CheckSyntax(DeploymentOptions wanted)
    {
        var fault = RepositoryIdentity.FindFault(wanted.Url, options.AllowedSchemes)
            ?? (wanted.Branch is null ? null : BranchName.FindFault(wanted.Branch));
        if (fault is not null)
        {
            throw new DeploymentFailedException(FailureCode.CloneFailed, fault);
        }
    }

    private async Task<GitRoute> FindRouteAsync(
        Deployment deployment, DeploymentSecrets secrets, DeploymentLog log, CancellationToken cancellationToken)
    {
        var url = deployment.Options.Url;
        var commit = CommitOf(deployment);

        // Before the server's first answer, which may be long in coming.
        await log.SayAsync($"Cloning {url}{(commit is null ? "" : $", commit {commit}")}", cancellationToken);
        var route = await _router.FindAsync(deployment, secrets.Git, cancellationToken);
        if (route.IsRedirected)
        {
            await log.SayAsync($"The server redirects to {route.FetchUrl}", cancellationToken);
        }

        return route;
    }

    // What an earlier attempt resolved stays, wherever the branch is now.
    private static string? CommitOf(Deployment deployment) =>
        (deployment.Commit ?? deployment.Options.Commit)?.ToLowerInvariant();

    private static Task<Fetched> FetchAsync(
        GitFetch fetch, Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        var commit = CommitOf(deployment);
        var branch = deployment.Branch ?? deployment.Options.Branch;
        return commit is null
            ? fetch.HeadAsync(branch, log, cancellationToken)
            : fetch.CommitAsync(branch, commit, log, cancellationToken);
    }

    private static async Task<SourcePart> OpenAsync(
        Git git, string commit, string folder, TreeCount count, CancellationToken cancellationToken)
    {
        var tree = new GitTree(git);
        var treeId = await tree.FindAsync(commit, folder, cancellationToken)
            ?? throw NoFolder(
                $"The repository has no folder `{folder}` at commit {commit}.",
                await tree.FoldersAsync(commit, cancellationToken));
        return new SourcePart(git, commit, treeId, "", await tree.ListAsync(treeId, "", count, cancellationToken));
    }

    private static async Task<IReadOnlyList<SourcePart>> CompleteAsync(
        SourcePart part, SubmoduleFetch submodules, string folder, Deployment deployment, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        var wanted = deployment.Options.Submodules;
        var top = folder.Length == 0 ? "" : folder + "/";
        IReadOnlyList<SourcePart> parts = wanted
            ? await submodules.FetchAsync(part, top, deployment.Options.Url, cancellationToken)
            : [part];
        var report = new GitReport(log);
        await report.SayFilesAsync(parts, folder, cancellationToken);
        if (!wanted)
        {
            await report.SayUnfetchedAsync(part, cancellationToken);
        }

        return parts;
    }

    private static DeploymentFailedException NoFolder(string message, params IReadOnlyList<string> folders) => new(
        FailureCode.CloneFailed,
        message,
        folders.Count == 0
            ? "Leave the subdirectory out."
            : $"It has {string.Join(", ", folders.Select(folder => $"`{folder}`"))}.");
}
