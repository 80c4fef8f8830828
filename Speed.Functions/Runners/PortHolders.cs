using System.Globalization;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Tells who has a port of the host that a container wants, by what the engine has published.</summary>
internal sealed class PortHolders(DockerConnection docker, IDeploymentStore store)
{
    /// <summary>A sentence; null where no container has any of them.</summary>
    /// <param name="asker">Is told of deployments that whoever asked for it may deploy, and of others that there is one.</param>
    public async Task<string?> FindAsync(
        ContainerInspectResponse container, Deployment asker, CancellationToken cancellationToken)
    {
        var wanted = (container.HostConfig?.PortBindings?.Values ?? [])
            .SelectMany(bindings => bindings)
            .Select(binding => binding.HostPort)
            .ToHashSet();
        var running = await docker.AskAsync(
            client => client.Containers.ListContainersAsync(new ContainersListParameters(), cancellationToken));
        foreach (var other in running.Where(other => other.ID != container.ID))
        {
            if (other.Ports?.FirstOrDefault(port => wanted.Contains(Text(port.PublicPort))) is { } port)
            {
                return $"{await NameAsync(other, asker, cancellationToken)} has port {Text(port.PublicPort)}.";
            }
        }

        return null;
    }

    private async Task<string> NameAsync(ContainerListResponse holder, Deployment asker, CancellationToken cancellationToken)
    {
        var own = new Ownership(store.Instance);
        if (holder.Names.FirstOrDefault(name => own.OwnsContainer(name, holder.Labels)) is null)
        {
            return asker.Repos is null ? $"The container `{holder.Names[0].TrimStart('/')}`" : "A container that is not SPEED's";
        }

        var id = long.Parse(holder.Labels[Ownership.DeploymentLabel], CultureInfo.InvariantCulture);
        return await store.FindAsync(id, cancellationToken) is { } other && asker.Reaches(other.Identity)
            ? $"Deployment {id}"
            : "Another deployment";
    }

    private static string Text(ushort? port) => $"{port}";
}
