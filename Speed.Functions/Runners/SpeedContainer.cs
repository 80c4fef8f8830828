using System.Net;
using System.Text.RegularExpressions;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>The container that SPEED itself runs in, where it runs in one, as its engine sees it.</summary>
internal sealed partial class SpeedContainer(DockerConnection docker)
{
    private const string MountInfo = "/proc/self/mountinfo";

    private SpeedPlace? _found;

    /// <summary>Asks the engine once; one that is away is asked again.</summary>
    public async Task<SpeedPlace> FindAsync(CancellationToken cancellationToken) =>
        _found ??= Surroundings.AreContainer && File.Exists(MountInfo)
            && IdIn(await File.ReadAllTextAsync(MountInfo, cancellationToken)) is { } id
                ? new SpeedPlace(true, await InspectAsync(id, cancellationToken))
                : new SpeedPlace(false, null);

    /// <summary>The id of the container whose files these mounts are; null outside of any.</summary>
    internal static string? IdIn(string mountInfo) =>
        FilesOfContainer().Match(mountInfo) is { Success: true } match ? match.Groups["id"].Value : null;

    private async Task<ContainerInspectResponse?> InspectAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await docker.AskAsync(client => client.Containers.InspectContainerAsync(id, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    // Docker gives each container files of its own for these names, from a folder named by the container's id; Podman has
    // them one folder deeper.
    [GeneratedRegex(
        @"/(overlay-)?containers/(?<id>[0-9a-f]{64})/(userdata/)?(hostname|hosts|resolv\.conf) /etc/",
        RegexOptions.ExplicitCapture)]
    private static partial Regex FilesOfContainer();
}

/// <summary>Where SPEED runs.</summary>
/// <param name="IsContainer">False: on the host.</param>
/// <param name="Container">Null where that is none, or one that the engine does not know: another engine's.</param>
internal sealed record SpeedPlace(bool IsContainer, ContainerInspectResponse? Container)
{
    /// <summary>
    /// False where services, published on the loopback address of the engine's host, are out of SPEED's reach. One of another
    /// engine may share that host's network all the same: it is believed to, and doctor says so.
    /// </summary>
    public bool ReachesServices => Container is null || HasHostNetwork;

    public bool HasHostNetwork => Container?.HostConfig?.NetworkMode == "host";

    /// <summary>The path on the engine's host of a folder that SPEED sees; null where its container has no mount with it.</summary>
    public string? OnHost(string path)
    {
        if (!IsContainer)
        {
            return path;
        }

        return MountOf(path) is { Source: { Length: > 0 } source } mount
            ? source.TrimEnd('/') + path[mount.Destination.TrimEnd('/').Length..]
            : null;
    }

    /// <summary>True where nobody gave the volume with it a name, and the engine one of its own.</summary>
    public bool IsOnNamelessVolume(string path) =>
        MountOf(path) is { Type: "volume" } mount && ProfileCheck.IsAnonymous(mount);

    private MountPoint? MountOf(string path) => (Container?.Mounts ?? [])
        .Where(mount => $"{path}/".StartsWith($"{mount.Destination.TrimEnd('/')}/", StringComparison.Ordinal))
        .MaxBy(mount => mount.Destination.Length);
}
