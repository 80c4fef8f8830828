using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// Finds the way to a repository before git runs: its host is judged, and redirects are followed here, each judged as
/// the first address was, because git would follow them anywhere. No secret goes to a repository that it is not for.
/// </summary>
internal sealed class GitRouter(GitOptions options)
{
    private const int MaxRedirects = 3;

    private readonly HostRules _rules = new(options);
    private readonly RedirectProbe _probe = new(options);

    /// <summary>
    /// To the repository of a deployment. Throws <c>CLONE_FAILED</c> where it leads to another one, which whoever deployed it
    /// might not deploy.
    /// </summary>
    /// <param name="credentials">The closest match first; those that do not match this address are not used.</param>
    public async Task<GitRoute> FindAsync(
        Deployment deployment, IReadOnlyList<Credential> credentials, CancellationToken cancellationToken)
    {
        var route = await BeginAsync(deployment.Options.Url, credentials, cancellationToken);
        return await FollowAsync(
            route,
            (from, to) => deployment.Reaches(to) ? WithFitting(from, to) : throw LeadsAway(route),
            cancellationToken);
    }

    /// <summary>
    /// To a submodule of it, without any secret where that, or what it leads to, is one that whoever deployed it might not
    /// deploy. Throws <c>AUTH_REQUIRED</c> where it is on the disk of this machine, too, which asks for none.
    /// </summary>
    /// <param name="credentials">As above.</param>
    public async Task<GitRoute> FindSubmoduleAsync(
        string url, Deployment deployment, IReadOnlyList<Credential> credentials, CancellationToken cancellationToken)
    {
        var isReached = deployment.Reaches(RepositoryIdentity.Of(url));
        var route = await BeginAsync(url, isReached ? credentials : [], cancellationToken);
        route = isReached ? route : Unreached(route);
        return route.Address.Scheme == "file" && !isReached
            ? throw GitFault.WithoutSecret(route)
            : await FollowAsync(
                route, (from, to) => deployment.Reaches(to) ? WithFitting(from, to) : Unreached(from), cancellationToken);
    }

    private async Task<GitRoute> BeginAsync(
        string url, IReadOnlyList<Credential> credentials, CancellationToken cancellationToken)
    {
        var address = RepositoryUrl.Parse(url);
        if (address.Scheme == "file")
        {
            return new GitRoute(url);
        }

        var isSsh = address.Scheme == "ssh";
        return new GitRoute(url)
        {
            FetchUrl = isSsh ? url : address.Origin + address.Path,
            Addresses = await _rules.CheckAsync(address, url, cancellationToken),
            Fitting = [.. credentials.Where(one =>
                one.Matches(RepositoryIdentity.Of(url).Target) && one.IsPrivateKey == isSsh)],
        };
    }

    /// <param name="enter">What becomes of the way where it leads to another repository, or a throw.</param>
    private async Task<GitRoute> FollowAsync(
        GitRoute route, Func<GitRoute, RepositoryIdentity, GitRoute> enter, CancellationToken cancellationToken)
    {
        for (var followed = 0; await FindTargetAsync(route, cancellationToken) is { } target; followed++)
        {
            if (followed == MaxRedirects)
            {
                throw new DeploymentFailedException(
                    FailureCode.CloneFailed, $"{route.Url} redirects more than {MaxRedirects} times.",
                    "Give the url that it leads to.");
            }

            if (RepositoryIdentity.FindFault(target, [route.Address.Scheme]) is { } fault)
            {
                throw new DeploymentFailedException(
                    FailureCode.CloneFailed, $"{route.Url} redirects to an address that is not followed. {fault}",
                    "Give the url that it leads to.");
            }

            // Before anything is said of the host: its name, too, may be one that is not to be learned here.
            var repository = RepositoryIdentity.Of(target);
            var entered = repository == RepositoryIdentity.Of(route.FetchUrl) ? route : enter(route, repository);
            route = await FollowAsync(entered, RepositoryUrl.Parse(target), cancellationToken);
        }

        return route;
    }

    private Task<string?> FindTargetAsync(GitRoute route, CancellationToken cancellationToken) =>
        route.Address.IsHttp ? _probe.FindTargetAsync(route, cancellationToken) : Task.FromResult<string?>(null);

    private async Task<GitRoute> FollowAsync(GitRoute route, RepositoryAddress to, CancellationToken cancellationToken)
    {
        var from = route.Address;
        var addresses = await _rules.CheckAsync(to, $"{route.Url}, which redirects there,", cancellationToken);

        // Another port is another server.
        var moved = (to.Host, to.RealPort) == (from.Host, from.RealPort) ? route : route.Without(Withheld.OtherServer);
        return moved with { FetchUrl = to.Origin + to.Path, Addresses = addresses, IsRedirected = true };
    }

    private static GitRoute WithFitting(GitRoute route, RepositoryIdentity repository)
    {
        var fitting = route.Fitting.Where(one => one.Matches(repository.Target)).ToList();
        return fitting.Count == 0 ? route.Without(Withheld.OtherRepository) : route with { Fitting = fitting };
    }

    private static GitRoute Unreached(GitRoute route) => route with { Fitting = [], Withheld = Withheld.NotReached };

    // Where it leads is not told: the server may have said it to our secret alone, and whoever deployed this may not know it.
    private static DeploymentFailedException LeadsAway(GitRoute route) => new(
        FailureCode.CloneFailed,
        $"{route.Url} redirects to another repository, which is none of the `repos` of the token or hook that this was "
        + "deployed by.",
        "Deploy with a token whose `repos` match the repository that it leads to, or name that in the hook's `repos`; where it "
        + "leads, `git ls-remote` with this url tells whoever may see it.");
}
