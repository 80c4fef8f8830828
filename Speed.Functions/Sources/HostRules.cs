using System.Net;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Which hosts may be asked for a repository, judged by all the addresses that they have now.</summary>
internal sealed class HostRules(GitOptions options)
{
    private readonly HostList _allowed = new(options.AllowedHosts);

    /// <summary>
    /// The addresses that may be connected to; empty where a proxy connects to a host that the operator named, which
    /// may be known to the proxy alone. Throws <c>HOST_NOT_ALLOWED</c>, and <c>CLONE_FAILED</c> for an unknown host.
    /// </summary>
    /// <param name="url">As people know it, for messages.</param>
    public async Task<IReadOnlyList<IPAddress>> CheckAsync(
        RepositoryAddress address, string url, CancellationToken cancellationToken)
    {
        var isNamed = _allowed.Names(address);
        if (!isNamed && options.OnlyAllowedHosts)
        {
            throw NotAllowed(address, url, "it is not one of those that the operator allows");
        }

        if (isNamed && address.IsHttp && options.Proxy is not null)
        {
            return [];
        }

        var addresses = await FindAsync(address, url, cancellationToken);
        return isNamed || addresses.All(PublicAddress.Is)
            ? addresses
            : throw NotAllowed(address, url, "it has an address that is not public");
    }

    private async Task<IPAddress[]> FindAsync(
        RepositoryAddress address, string url, CancellationToken cancellationToken) =>
        await HostAddresses.FindAsync(address.Host, options.Resolve, cancellationToken) ?? throw GitFault.UnknownHost(url);

    private static DeploymentFailedException NotAllowed(RepositoryAddress address, string url, string why) => new(
        FailureCode.HostNotAllowed,
        $"Host `{address.Host}` of {url} is not allowed: {why}.",
        $"If it is to be trusted, the operator may add `{address.Host}` to Speed__Git__AllowedHosts.");
}
