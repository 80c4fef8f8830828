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

    public static string NameOf(Deployment deployment, VolumeOption volume, Ownership own)
    {
        var options = deployment.Options;
        var place = $"{options.Url}\n{deployment.Branch ?? options.Branch}\n{options.Subdirectory}";
        place += options.Name.Length == 0 ? "" : $"\n{options.Name}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)));
        return $"speed-{own.Instance}-{hash[..12]}-{volume.Name}";
    }

    /// <summary>Makes those that are not there yet.</summary>
    public async Task EnsureAsync(Deployment deployment, Ownership own, CancellationToken cancellationToken)
    {
        foreach (var volume in deployment.Options.Volumes)
        {
            var name = NameOf(deployment, volume, own);
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
    }
}
