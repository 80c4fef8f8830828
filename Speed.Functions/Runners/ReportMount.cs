using System.Net;
using System.Text.RegularExpressions;
using Docker.DotNet;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Finds under which path the engine's host has the folder that programs report through.</summary>
internal sealed partial class ReportMount(DockerConnection docker, string endpoint, ReportFolder? folder)
{
    private const string MountInfo = "/proc/self/mountinfo";

    private (string? Source, string? Reason)? _found;

    /// <summary>The path on the engine's host; or null, and why a container cannot have it.</summary>
    public async Task<(string? Source, string? Reason)> FindAsync(CancellationToken cancellationToken) =>
        _found ??= await LookAsync(cancellationToken);

    /// <summary>Remembers what the engine itself said of the path.</summary>
    public void GiveUp(string reason) => _found = (null, reason);

    /// <summary>The host's side of a folder that this process sees inside its own container.</summary>
    internal async Task<(string? Source, string? Reason)> MapAsync(
        string containerId, string path, CancellationToken cancellationToken)
    {
        try
        {
            var own = await docker.AskAsync(client => client.Containers.InspectContainerAsync(containerId, cancellationToken));
            var mount = (own.Mounts ?? [])
                .Where(mount => path.StartsWith(mount.Destination.TrimEnd('/') + "/", StringComparison.Ordinal))
                .MaxBy(mount => mount.Destination.Length);
            return mount is { Source: { Length: > 0 } source }
                ? (source + path[mount.Destination.TrimEnd('/').Length..], null)
                : (null, "SPEED runs in a container, and its data directory is not a mount of the host");
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return (null, "SPEED runs in a container of another engine");
        }
    }

    /// <summary>The id of the container whose files these mounts are; null outside of any.</summary>
    internal static string? ContainerIn(string mountInfo) =>
        HostnameOfContainer().Match(mountInfo) is { Success: true } match ? match.Groups["id"].Value : null;

    private async Task<(string? Source, string? Reason)> LookAsync(CancellationToken cancellationToken)
    {
        if (folder is null || !File.Exists(folder.Socket))
        {
            return (null, "SPEED could not bind its socket");
        }

        if (!endpoint.StartsWith("unix://", StringComparison.Ordinal))
        {
            return (null, "the engine may be on another machine");
        }

        var info = await docker.AskAsync(client => client.System.GetSystemInfoAsync(cancellationToken));
        if (info.OperatingSystem?.Contains("Docker Desktop", StringComparison.Ordinal) == true)
        {
            return (null, "the engine runs in Docker Desktop's own machine");
        }

        var container = File.Exists(MountInfo) && File.Exists("/.dockerenv")
            ? ContainerIn(await File.ReadAllTextAsync(MountInfo, cancellationToken))
            : null;
        return container is null
            ? (folder.FullPath, null)
            : await MapAsync(container, folder.FullPath, cancellationToken);
    }

    // The engine gives each container files of its own for these names, from a folder named by the container's id.
    [GeneratedRegex(@"/containers/(?<id>[0-9a-f]{64})/(hostname|hosts|resolv\.conf) /etc/", RegexOptions.ExplicitCapture)]
    private static partial Regex HostnameOfContainer();
}
