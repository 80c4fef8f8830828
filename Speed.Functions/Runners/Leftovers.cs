using Docker.DotNet;
using Docker.DotNet.Models;

namespace Speed.Runners;

/// <summary>Takes away what a build of ours left, by the ids that it printed.</summary>
internal static class Leftovers
{
    /// <summary>
    /// The containers of its steps, and the layers that are no part of the image: untagged and unlabelled, nobody
    /// could tell later whose they are. Not cancelable: this is what a canceled build cleans up with.
    /// </summary>
    public static async Task SweepAsync(DockerConnection docker, LegacyProgress progress)
    {
        foreach (var container in progress.Containers)
        {
            await RemoveContainerAsync(docker, container, CancellationToken.None);
        }

        // The newest first: each is the next one's parent, and the engine keeps what still has a child.
        foreach (var layer in progress.Layers.Reverse())
        {
            await TryAsync(docker, client => RemoveLayerAsync(client, layer));
        }
    }

    public static Task RemoveContainerAsync(DockerConnection docker, string id, CancellationToken cancellationToken) =>
        TryAsync(docker, client => client.Containers.RemoveContainerAsync(
            id, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, cancellationToken));

    // By its id, the engine would remove even one that another build has tagged meanwhile.
    private static async Task RemoveLayerAsync(DockerClient client, string layer)
    {
        var image = await client.Images.InspectImageAsync(layer, CancellationToken.None);
        if (image.RepoTags is null or [])
        {
            var parameters = new ImageDeleteParameters { NoPrune = true };
            await client.Images.DeleteImageAsync(layer, parameters, CancellationToken.None);
        }
    }

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
