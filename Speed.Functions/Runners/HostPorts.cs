using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Speed.Runners;

/// <summary>
/// The ports of 127.0.0.1 that containers are published on. Chosen by SPEED and not by the engine, so that they are on
/// record before the container is made, and are the same for the next one.
/// </summary>
internal sealed class HostPorts
{
    private readonly ConcurrentDictionary<int, long> _holders = new();

    /// <summary>A free port, the kept one if that is free; held for the deployment.</summary>
    public int Take(long deploymentId, int? kept)
    {
        if (kept is { } port && IsFree(port) && Hold(port, deploymentId))
        {
            return port;
        }

        int found;
        do
        {
            found = FindFree();
        }
        while (!Hold(found, deploymentId));
        return found;
    }

    public void Release(long deploymentId)
    {
        foreach (var held in _holders.Where(held => held.Value == deploymentId))
        {
            _holders.TryRemove(held);
        }
    }

    // A container is published on it a moment later: nobody else may be promised it until then.
    private bool Hold(int port, long deploymentId) => _holders.GetOrAdd(port, deploymentId) == deploymentId;

    private static int FindFree()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
