using System.ComponentModel;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Fetches with the git program: one commit, no history, no checkout.</summary>
public sealed class GitSource(GitOptions options, TimeProvider time) : ISource
{
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
            var git = new Git(options, workspace.Repository);
            var fetch = new GitFetch(git, options, workspace, time, deployment.Options.Url);
            var fetched = await FetchAsync(fetch, deployment, log, cancellationToken);
            return await OpenAsync(new GitReport(git, log), git, fetched, folder, workspace, cancellationToken);
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
        var fault = RepositoryUrl.FindFault(wanted.Url, options.AllowedSchemes)
            ?? (wanted.Branch is null ? null : BranchName.FindFault(wanted.Branch));
        if (fault is not null)
        {
            throw new DeploymentFailedException(FailureCode.CloneFailed, fault);
        }
    }

    private static Task<Fetched> FetchAsync(
        GitFetch fetch, Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        // What an earlier attempt resolved stays, wherever the branch is now.
        var commit = deployment.Commit ?? deployment.Options.Commit;
        var branch = deployment.Branch ?? deployment.Options.Branch;
        return commit is null
            ? fetch.HeadAsync(branch, log, cancellationToken)
            : fetch.CommitAsync(branch, commit.ToLowerInvariant(), log, cancellationToken);
    }

    private async Task<ISourceTree> OpenAsync(
        GitReport report, Git git, Fetched fetched, string folder, GitWorkspace workspace,
        CancellationToken cancellationToken)
    {
        await report.SayCommitAsync(fetched.Commit, cancellationToken);
        var tree = new GitTree(git, options);
        var treeId = await tree.FindAsync(fetched.Commit, folder, cancellationToken)
            ?? throw NoFolder(
                $"The repository has no folder `{folder}` at commit {fetched.Commit}.",
                await tree.FoldersAsync(fetched.Commit, cancellationToken));
        var entries = await tree.ListAsync(treeId, cancellationToken);
        await report.SayFilesAsync(fetched.Commit, folder, entries, cancellationToken);
        return new GitSourceTree(git, fetched, treeId, entries, workspace);
    }

    private static DeploymentFailedException NoFolder(string message, params IReadOnlyList<string> folders) => new(
        FailureCode.CloneFailed,
        message,
        folders.Count == 0
            ? "Leave the subdirectory out."
            : $"It has {string.Join(", ", folders.Select(folder => $"`{folder}`"))}.");
}
