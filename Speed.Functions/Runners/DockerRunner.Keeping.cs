using System.Globalization;
using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>What the engine keeps of ours, and how an image goes.</summary>
public sealed partial class DockerRunner
{
    public async Task<string?> FindDataFolderAsync(CancellationToken cancellationToken)
    {
        // Over a network, a folder of the same name here would be another machine's.
        if (!_options.Endpoint.StartsWith("unix:", StringComparison.Ordinal))
        {
            return null;
        }

        var info = await _docker.AskAsync(client => client.System.GetSystemInfoAsync(cancellationToken));
        return Directory.Exists(info.DockerRootDir) ? info.DockerRootDir : null;
    }

    public async Task<IReadOnlyList<OwnContainer>> ListContainersAsync(CancellationToken cancellationToken)
    {
        var found = await ListOwnAsync($"{Ownership.InstanceLabel}={Own.Instance}", cancellationToken);
        return
        [
            .. from one in found
               select new OwnContainer(
                   long.Parse(one.Labels[Ownership.DeploymentLabel], CultureInfo.InvariantCulture),
                   int.Parse(one.Labels[Ownership.AttemptLabel], CultureInfo.InvariantCulture),
                   one.Names[0].TrimStart('/'),
                   one.State != "created"),
        ];
    }

    public async Task<IReadOnlyDictionary<long, long>> MeasureContainersAsync(CancellationToken cancellationToken) =>
        (await ListOwnAsync($"{Ownership.InstanceLabel}={Own.Instance}", cancellationToken, withSize: true))
            .GroupBy(one => long.Parse(one.Labels[Ownership.DeploymentLabel], CultureInfo.InvariantCulture))
            .ToDictionary(group => group.Key, group => group.Sum(one => one.SizeRw ?? 0));

    public async Task RemoveAsync(OwnContainer container, CancellationToken cancellationToken)
    {
        await _volumes.SettleAsync(cancellationToken);
        if (await InspectAsync(container.Name, cancellationToken) is { } found
            && Own.OwnsContainer(found.Name, found.Config?.Labels))
        {
            await RemoveAsync(container.DeploymentId, found, cancellationToken);
        }
    }

    public async Task<IReadOnlyList<OwnImage>> ListImagesAsync(CancellationToken cancellationToken)
    {
        var prefix = Own.ImageTag("");
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["reference"] = new Dictionary<string, bool> { [Own.ImageTag("*")] = true },
        };
        var found = await _docker.AskAsync(client => client.Images.ListImagesAsync(
            new ImagesListParameters { Filters = filters }, cancellationToken));
        return
        [
            .. from image in found
               let keys = (image.RepoTags ?? []).Where(tag => tag.StartsWith(prefix, StringComparison.Ordinal))
                   .Select(tag => tag[prefix.Length..]).Order(StringComparer.Ordinal).ToArray()
               where keys.Length > 0
               select new OwnImage(image.ID, keys, image.Size),
        ];
    }

    public async Task<long?> MeasureImageAsync(string imageId, CancellationToken cancellationToken) =>
        (await FindImageAsync(imageId, cancellationToken))?.Size;

    public async Task<bool> RemoveImageAsync(UnneededImage image, CancellationToken cancellationToken)
    {
        if (await FindImageAsync(image.ImageId, cancellationToken) is not { } found)
        {
            return true;
        }

        var names = found.RepoTags ?? [];
        var own = image.Keys.Select(Own.ImageTag).Where(names.Contains).ToArray();
        try
        {
            // By its id only if nobody has named it: an operator's own name for it keeps it.
            foreach (var name in names.Count == 0 ? [found.ID] : own)
            {
                await _docker.AskAsync(client => client.Images.DeleteImageAsync(
                    name, new ImageDeleteParameters { Force = false }, cancellationToken));
            }

            return true;
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return true;
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.Conflict)
        {
            return false;
        }
    }

    private async Task<ImageInspectResponse?> FindImageAsync(string imageId, CancellationToken cancellationToken)
    {
        try
        {
            var found = await _docker.AskAsync(client => client.Images.InspectImageAsync(imageId, cancellationToken));
            return found.ID == imageId ? found : null;
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
