using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// Finds the way to a repository before git runs: its host is judged, and redirects are followed here, each judged as
/// the first address was, because git would follow them anywhere.
/// </summary>
internal sealed class GitRouter(GitOptions options)
{
    private const int MaxRedirects = 3;

    private readonly HostRules _rules = new(options);
    private readonly RedirectProbe _probe = new(options);

    /// <param name="credentials">The closest match first; those that do not match this address are not used.</param>
    public async Task<GitRoute> FindAsync(
        string url, IReadOnlyList<Credential> credentials, CancellationToken cancellationToken)
    {
        var address = RepositoryUrl.Parse(url);
        if (address.Scheme == "file")
        {
            return new GitRoute(url);
        }

        var isSsh = address.Scheme == "ssh";
        var route = new GitRoute(url)
        {
            FetchUrl = isSsh ? url : address.Origin + address.Path,
            Addresses = await _rules.CheckAsync(address, url, cancellationToken),
            Credential = credentials.FirstOrDefault(one =>
                one.Matches(RepositoryIdentity.Of(url).Target) && one.IsPrivateKey == isSsh),
        };
        return isSsh ? route : await FollowAsync(route, cancellationToken);
    }

    private async Task<GitRoute> FollowAsync(GitRoute route, CancellationToken cancellationToken)
    {
        for (var followed = 0; await _probe.FindTargetAsync(route, cancellationToken) is { } target; followed++)
        {
            if (followed == MaxRedirects)
            {
                throw new DeploymentFailedException(
                    FailureCode.CloneFailed, $"{route.Url} redirects more than {MaxRedirects} times.",
                    "Give the url that it leads to.");
            }

            route = await FollowAsync(route, target, cancellationToken);
        }

        return route;
    }

    private async Task<GitRoute> FollowAsync(GitRoute route, string target, CancellationToken cancellationToken)
    {
        var from = route.Address;
        if (RepositoryIdentity.FindFault(target, [from.Scheme]) is { } fault)
        {
            throw new DeploymentFailedException(
                FailureCode.CloneFailed, $"{route.Url} redirects to an address that is not followed. {fault}",
                "Give the url that it leads to.");
        }

        var to = RepositoryUrl.Parse(target);
        return route with
        {
            FetchUrl = to.Origin + to.Path,
            Addresses = await _rules.CheckAsync(to, $"{route.Url}, which redirects there,", cancellationToken),

            // Another port is another server.
            Credential = (to.Host, to.RealPort) == (from.Host, from.RealPort) ? route.Credential : null,
            IsRedirected = true,
        };
    }
}
