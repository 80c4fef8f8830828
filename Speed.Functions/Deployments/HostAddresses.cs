using System.Net;
using System.Net.Sockets;

namespace Speed.Deployments;

/// <summary>The addresses of a host that somebody wrote.</summary>
public static class HostAddresses
{
    /// <summary>
    /// All that the host has now; null where none is found, whatever was written: a name that is unknown or too long, or an
    /// address that nobody can be asked for.
    /// </summary>
    /// <param name="host">A name, or an address in any spelling, which is not resolved.</param>
    public static async Task<IPAddress[]?> FindAsync(
        string host, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken cancellationToken)
    {
        var spelled = RepositoryAddress.Normalize(host);
        if (IPAddress.TryParse(spelled, out var literal))
        {
            return [literal];
        }

        try
        {
            return await resolve(spelled, cancellationToken) is { Length: > 0 } addresses ? addresses : null;
        }
        catch (Exception fault) when (fault is SocketException or ArgumentException)
        {
            return null;
        }
    }
}
