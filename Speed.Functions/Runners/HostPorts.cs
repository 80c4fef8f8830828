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
    // Above what Linux gives to outgoing connections, which would take a port in the moment it is free.
    private const int First = 61_000;
    private const int Last = 65_535;
    private const int Tries = 100;

    private readonly ConcurrentDictionary<int, long> _holders = new();

    /// <summary>A free port, the kept one if that is free; held for the deployment.</summary>
    public int Take(long deploymentId, int? kept)
    {
        if (kept is { } port && IsFree(port) && Hold(port, deploymentId))
        {
            return port;
        }

        for (var n = 0; n < Tries; n++)
        {
            var tried = Random.Shared.Next(First, Last + 1);
            if (!_holders.ContainsKey(tried) && IsFree(tried) && Hold(tried, deploymentId))
            {
                return tried;
            }
        }

        return TakeAny(deploymentId);
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

    private int TakeAny(long deploymentId)
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var found = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (Hold(found, deploymentId))
            {
                return found;
            }
        }
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
