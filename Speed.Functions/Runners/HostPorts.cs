using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The ports of this machine that containers are published on. Chosen by SPEED and not by the engine, so that they are on
/// record before the container is made, and are the same for the next one.
/// </summary>
internal sealed class HostPorts(ServiceSettings settings)
{
    private const int Tries = 100;

    private readonly ConcurrentDictionary<int, long> _holders = new();

    /// <summary>
    /// A free port, the kept one if that is free; held for the deployment. Throws
    /// <see cref="DeploymentFailedException"/> where the operator's range has none.
    /// </summary>
    public int Take(long deploymentId, int? kept)
    {
        if (kept is { } port && IsFree(port) && Hold(port, deploymentId))
        {
            return port;
        }

        for (var n = 0; n < Tries; n++)
        {
            var tried = Random.Shared.Next(settings.Chosen.First, settings.Chosen.Last + 1);
            if (MayTake(tried) && Hold(tried, deploymentId))
            {
                return tried;
            }
        }

        return settings.IsChosenSet ? TakeFirst(deploymentId) : TakeAny(deploymentId);
    }

    private int TakeFirst(long deploymentId)
    {
        var (first, last) = settings.Chosen;
        foreach (var tried in Enumerable.Range(first, last - first + 1).Where(MayTake))
        {
            if (Hold(tried, deploymentId))
            {
                return tried;
            }
        }

        throw new DeploymentFailedException(
            FailureCode.ContainerStartFailed,
            $"All ports from {first} to {last}, which Speed__Services__ChosenPorts has, are taken.",
            "Have the operator widen that range, or cancel a service.");
    }

    private bool MayTake(int port) => !settings.OwnPorts.Contains(port) && !_holders.ContainsKey(port) && IsFree(port);

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
            using var listener = new TcpListener(settings.Address, 0);
            listener.Start();
            var found = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (Hold(found, deploymentId))
            {
                return found;
            }
        }
    }

    private bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(settings.Address, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
