using System.Globalization;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>What the engine keeps of ours.</summary>
public sealed partial class DockerRunner
{
    public async Task<IReadOnlyList<OwnContainer>> ListContainersAsync(CancellationToken cancellationToken)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["label"] = new Dictionary<string, bool> { [$"{Ownership.InstanceLabel}={Own.Instance}"] = true },
        };
        var found = await _docker.AskAsync(client => client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true, Filters = filters }, cancellationToken));
        return
        [
            .. from one in found
               from name in one.Names
               where Own.OwnsContainer(name, one.Labels)
               let id = one.Labels[Ownership.DeploymentLabel]
               select new OwnContainer(long.Parse(id, CultureInfo.InvariantCulture), name.TrimStart('/')),
        ];
    }
}
