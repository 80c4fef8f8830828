using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// Fetches the submodules of a source and theirs, each at the commit that its repository records, by the same rules as
/// the repository itself, and with secrets only where whoever deployed that might deploy them, too. What they bring and hold
/// counts with it.
/// </summary>
internal sealed class SubmoduleFetch(
    Deployment deployment, GitOptions options, GitWorkspace workspace, GitRouter router, TimeProvider time, TreeCount count,
    IReadOnlyList<Credential> credentials, DeploymentLog log)
{
    private const int MaxDepth = 10;
    private const int MaxSubmodules = 500;

    /// <summary>The part that is given, and one of each submodule below it.</summary>
    /// <param name="folder">Where in its repository the part begins; empty for the top.</param>
    public async Task<IReadOnlyList<SourcePart>> FetchAsync(
        SourcePart part, string folder, string url, CancellationToken cancellationToken)
    {
        var parts = new List<SourcePart> { part };
        await AddAsync(parts, part, folder, url, 1, cancellationToken);
        return parts;
    }

    private async Task AddAsync(
        List<SourcePart> parts, SourcePart part, string folder, string url, int depth,
        CancellationToken cancellationToken)
    {
        if (!part.Submodules.Any())
        {
            return;
        }

        if (depth > MaxDepth)
        {
            throw GitTree.TooLarge($"Submodules are more than {MaxDepth} deep within each other.");
        }

        var modules = await GitModules.ReadAsync(part.Git, part.Commit, cancellationToken);
        foreach (var entry in part.Submodules)
        {
            if (parts.Count > MaxSubmodules)
            {
                throw GitTree.TooLarge($"The repository has more than {MaxSubmodules} submodules.");
            }

            var module = modules.GetValueOrDefault(folder + entry.Path);
            if (module is { IsLeftOut: true })
            {
                await log.SayAsync(
                    $"Submodule {TreePath.Show(part.Prefix + entry.Path)} is left out, for `.gitmodules` has `update = none` for it",
                    cancellationToken);
                continue;
            }

            var from = UrlOf(entry, part, module?.Url, url);
            var submodule = await FetchAsync(entry, part.Prefix, from, cancellationToken);
            parts.Add(submodule);
            await AddAsync(parts, submodule, "", from, depth + 1, cancellationToken);
        }
    }

    private async Task<SourcePart> FetchAsync(
        TreeEntry entry, string prefix, string url, CancellationToken cancellationToken)
    {
        await log.SayAsync(
            $"Cloning submodule {TreePath.Show(prefix + entry.Path)}: {url}, commit {entry.ObjectId}", cancellationToken);
        var route = await router.FindSubmoduleAsync(url, deployment, credentials, cancellationToken);
        var git = workspace.Open(options, route);
        await new GitFetch(git, options, workspace, time, route)
            .CommitAsync(null, entry.ObjectId, log, cancellationToken);

        var tree = new GitTree(git);
        var treeId = await tree.FindAsync(entry.ObjectId, "", cancellationToken)
            ?? throw new InvalidOperationException($"Commit {entry.ObjectId} was fetched, and has no tree.");
        var below = $"{prefix}{entry.Path}/";
        return new SourcePart(
            git, entry.ObjectId, treeId, below, await tree.ListAsync(treeId, below, count, cancellationToken));
    }

    // People who clone by ssh write submodules so; of a repository that is had over https, its neighbours are had so, too. Where
    // there is a key for it, it is fetched as it is written.
    private string Reachable(string url, string repository)
    {
        if (RepositoryIdentity.FindFault(url, RepositoryUrl.KnownSchemes) is not null)
        {
            return url;
        }

        var (to, from) = (RepositoryUrl.Parse(url), RepositoryUrl.Parse(repository));
        var isNeighbour = from.IsHttp && to is { Scheme: "ssh", User: null or "git", Port: null or 22 } && to.Host == from.Host;
        var identity = RepositoryIdentity.Of(url);
        var hasKey = options.AllowedSchemes.Contains("ssh") && deployment.Reaches(identity)
            && credentials.Any(one => one.IsPrivateKey && one.Matches(identity.Target));
        return isNeighbour && !hasKey ? $"{from.Origin}/{to.Path.TrimStart('/')}" : url;
    }

    private string UrlOf(TreeEntry entry, SourcePart part, string? written, string repository)
    {
        var url = written is null ? null : GitModules.Resolve(written, repository);
        url = url is null ? null : Reachable(url, repository);
        var fault = (written, url) switch
        {
            (null, _) => "`.gitmodules` does not say where it comes from.",
            (_, null) => $"`{written}` leads out of {repository}.",
            _ => RepositoryIdentity.FindFault(url, options.AllowedSchemes),
        };
        return fault is null
            ? url!
            : throw new DeploymentFailedException(
                FailureCode.CloneFailed,
                $"Submodule `{TreePath.Show(part.Prefix + entry.Path)}` cannot be fetched: {fault}",
                "Correct its url in `.gitmodules`, or deploy without submodules.");
    }
}
