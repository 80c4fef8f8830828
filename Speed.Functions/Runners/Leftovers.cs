using Docker.DotNet;
using Docker.DotNet.Models;

namespace Speed.Runners;

/// <summary>Takes away what a build of ours left, by the ids that it printed.</summary>
internal static class Leftovers
{
    public static async Task SweepAsync(DockerConnection docker, LegacyProgress progress, bool layers)
    {
        // Not cancelable: this is what cancels clean up with.
        foreach (var container in progress.Containers)
        {
            await RemoveContainerAsync(docker, container, CancellationToken.None);
        }

        // The newest first: each is the next one's parent.
        foreach (var layer in progress.Layers.Reverse().Where(_ => layers))
        {
            await TryAsync(docker, client => client.Images.DeleteImageAsync(
                layer, new ImageDeleteParameters { NoPrune = true }, CancellationToken.None));
        }
    }

    public static Task RemoveContainerAsync(DockerConnection docker, string id, CancellationToken cancellationToken) =>
        TryAsync(docker, client => client.Containers.RemoveContainerAsync(
            id, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, cancellationToken));

    // Gone already, or in use by another build: both are well.
    private static async Task TryAsync(DockerConnection docker, Func<DockerClient, Task> ask)
    {
        try
        {
            await docker.AskAsync(ask);
        }
        catch (DockerApiException)
        {
        }
    }
}
