using System.Security.Cryptography;
using System.Text;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The volumes that outlive their containers. Each belongs to one repository, branch, subdirectory and name, so that nobody
/// reaches another's data by naming it. Never removed.
/// </summary>
internal sealed class NamedVolumes(DockerConnection docker)
{
    private const string VolumeLabel = "speed.volume";

    private static string NameOf(Deployment deployment, VolumeOption volume, Ownership own)
    {
        var options = deployment.Options;
        var place = $"{options.Url}\n{deployment.Branch ?? options.Branch}\n{options.Subdirectory}";
        place += options.Name.Length == 0 ? "" : $"\n{options.Name}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)));
        return $"speed-{own.Instance}-{hash[..12]}-{volume.Name}";
    }

    /// <summary>Gives where each of its volumes is mounted; makes those that are not there yet.</summary>
    public async Task<IReadOnlyList<VolumeMount>> EnsureAsync(
        Deployment deployment, Ownership own, CancellationToken cancellationToken)
    {
        List<VolumeMount> mounts = [];
        foreach (var volume in deployment.Options.Volumes)
        {
            var name = NameOf(deployment, volume, own);
            mounts.Add(new VolumeMount(volume.Name, name, PathOf(volume)));
            var parameters = new VolumesCreateParameters
            {
                Name = name,
                Driver = "local",
                Labels = new Dictionary<string, string>
                {
                    [Ownership.InstanceLabel] = own.Instance,
                    [VolumeLabel] = volume.Name,
                },
            };

            // Of one that is there, the engine gives it as it is.
            var made = await docker.AskAsync(client => client.Volumes.CreateAsync(parameters, cancellationToken));
            if (made.Labels?.TryGetValue(Ownership.InstanceLabel, out var instance) != true || instance != own.Instance)
            {
                throw new DeploymentFailedException(
                    FailureCode.ContainerStartFailed,
                    $"A volume named {name} is there, and it is not SPEED's: it bears other labels.",
                    $"Remove it, if nobody needs it: `docker volume rm {name}`.");
            }
        }

        return mounts;
    }

    // A deployment of before may have a path that is refused today.
    private static string PathOf(VolumeOption volume) => VolumePath.Normalize(volume.Path)
        ?? throw new DeploymentFailedException(
            FailureCode.ContainerStartFailed,
            $"The volume {volume.Name} cannot be at {volume.Path}.",
            "Deploy again with a path that is a folder of the container such as /data.");
}
