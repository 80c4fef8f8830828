using System.Net;
using System.Net.Sockets;

namespace Speed.Tests.Cli;

internal static class FreePort
{
    /// <summary>One of the loopback address on which nobody listens, as long as nobody else takes it.</summary>
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
