namespace Speed.Deployments;

/// <summary>
/// The volumes on an engine. Throws <see cref="DeploymentFailedException"/> with
/// <see cref="FailureCode.DockerUnavailable"/> where the engine does not answer.
/// </summary>
public interface IVolumeEngine
{
    /// <summary>All that bear the label of this instance.</summary>
    Task<IReadOnlyList<EngineVolume>> ListVolumesAsync(CancellationToken cancellationToken);

    /// <summary>The containers of this instance, whatever their state; those too that were kept.</summary>
    Task<IReadOnlyList<EngineContainer>> ListUsersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes a volume unless it is there; false if it is. One that is there and belongs to somebody else is a failure:
    /// with another label of its instance, or of its owner where that is known.
    /// </summary>
    Task<bool> EnsureVolumeAsync(string name, string engineName, string? owner, CancellationToken cancellationToken);

    /// <summary>
    /// All that is in a volume, as a tar, to be read until it is disposed. Through a container of one of the images that
    /// is never started: nothing of the image is run. Null where the engine has none of them.
    /// </summary>
    Task<Stream?> OpenVolumeAsync(string engineName, IReadOnlyList<string> imageIds, CancellationToken cancellationToken);

    /// <summary>
    /// Unpacks a tar into a volume, over what is there, in the same way. Throws <see cref="FormatException"/> with the
    /// engine's words where it cannot be unpacked. False where the engine has none of the images.
    /// </summary>
    Task<bool> FillVolumeAsync(
        string engineName, IReadOnlyList<string> imageIds, Stream tar, CancellationToken cancellationToken);

    /// <summary>Removes what an earlier process left of opening and filling.</summary>
    Task RemoveLeftoversAsync(CancellationToken cancellationToken);
}

/// <param name="Name">As deployments call it. Null where its label is gone.</param>
/// <param name="Owner">What its label says of its service. Null of one that an earlier SPEED made.</param>
public sealed record EngineVolume(string EngineName, string? Name, string? Owner);

/// <param name="IsKept">It has ended, and is kept for the data in it.</param>
/// <param name="HasRun">False of one that was made and never started.</param>
public sealed record EngineContainer(
    long DeploymentId, int Attempt, string Name, bool IsRunning, bool HasRun, bool IsKept, IReadOnlyList<EngineMount> Mounts);

/// <summary>A volume as a container has it.</summary>
public sealed record EngineMount(string EngineName, string Path);
