using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Finds under which path the engine's host has the folder that programs report through.</summary>
internal sealed class ReportMount(DockerConnection docker, SpeedContainer own, string endpoint, ReportFolder? folder)
{
    private (string? Source, string? Reason)? _found;

    /// <summary>The path on the engine's host; or null, and why a container cannot have it.</summary>
    public async Task<(string? Source, string? Reason)> FindAsync(CancellationToken cancellationToken) =>
        _found ??= await LookAsync(cancellationToken);

    /// <summary>Remembers what the engine itself said of the path.</summary>
    public void GiveUp(string reason) => _found = (null, reason);

    private async Task<(string? Source, string? Reason)> LookAsync(CancellationToken cancellationToken)
    {
        if (folder is null || !File.Exists(folder.Socket))
        {
            return (null, "SPEED could not bind its socket");
        }

        var place = await own.FindAsync(cancellationToken);
        if (place is { IsContainer: true, Container: null })
        {
            return (null, "SPEED runs in a container of another engine");
        }

        if (place.IsContainer)
        {
            return place.OnHost(folder.FullPath) is { } source
                ? (source, null)
                : (null, $"SPEED runs in a container that has no mount with {folder.FullPath}");
        }

        if (!endpoint.StartsWith("unix://", StringComparison.Ordinal))
        {
            return (null, "the engine may be on another machine");
        }

        var info = await docker.AskAsync(client => client.System.GetSystemInfoAsync(cancellationToken));
        return info.OperatingSystem?.Contains("Docker Desktop", StringComparison.Ordinal) == true
            ? (null, "the engine runs in Docker Desktop's own machine")
            : (folder.FullPath, null);
    }
}
