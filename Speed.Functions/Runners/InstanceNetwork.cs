using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The bridge of this instance, on which containers cannot reach each other. Made when first needed.
/// </summary>
internal sealed class InstanceNetwork(DockerConnection docker) : IDisposable
{
    private const string InterContainer = "com.docker.network.bridge.enable_icc";

    // The engine would make two networks of one name.
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Its id: a name may be someone else's.</summary>
    public async Task<string> EnsureAsync(Ownership own, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await FindAsync(own, cancellationToken) ?? await CreateAsync(own, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Takes it away, unless a container of ours is there that may yet be started on it.</summary>
    public async Task RemoveIfUnusedAsync(Ownership own, CancellationToken cancellationToken)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["label"] = new Dictionary<string, bool> { [$"{Ownership.InstanceLabel}={own.Instance}"] = true },
        };
        var containers = await docker.AskAsync(client => client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true, Filters = filters }, cancellationToken));
        if (containers.Count == 0 && await FindAsync(own, cancellationToken) is { } id)
        {
            await docker.AskAsync(client => client.Networks.DeleteNetworkAsync(id, cancellationToken));
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<string?> FindAsync(Ownership own, CancellationToken cancellationToken)
    {
        try
        {
            var network = await docker.AskAsync(
                client => client.Networks.InspectNetworkAsync(own.Network, cancellationToken));
            var isOurs = network.Labels?.TryGetValue(Ownership.InstanceLabel, out var instance) == true
                && instance == own.Instance
                && network.Options?.TryGetValue(InterContainer, out var open) == true && open == "false";
            return isOurs ? network.ID : throw new DeploymentFailedException(
                FailureCode.ContainerStartFailed,
                $"A network named {own.Network} is there, and it is not SPEED's.",
                $"Remove it: `docker network rm {own.Network}`.");
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<string> CreateAsync(Ownership own, CancellationToken cancellationToken)
    {
        var parameters = new NetworksCreateParameters
        {
            Name = own.Network,
            Driver = "bridge",
            Labels = new Dictionary<string, string> { [Ownership.InstanceLabel] = own.Instance },
            Options = new Dictionary<string, string> { [InterContainer] = "false" },
        };
        try
        {
            return (await docker.AskAsync(client => client.Networks.CreateNetworkAsync(parameters, cancellationToken))).ID;
        }
        catch (DockerApiException exception)
        {
            throw new DeploymentFailedException(
                FailureCode.ContainerStartFailed, $"The engine gave no network: {exception.Reason}.",
                "Where its address pools are used up, remove networks that nothing uses.", inner: exception);
        }
    }
}
