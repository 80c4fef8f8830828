namespace Speed.Deployments;

/// <summary>A volume of a deployment as its container gets it.</summary>
/// <param name="Name">As the deployment calls it.</param>
/// <param name="EngineName">As the engine calls it.</param>
/// <param name="Path">Where it is in the container, in its one spelling.</param>
public sealed record VolumeMount(string Name, string EngineName, string Path)
{
    /// <summary>Where a deployment asks for its volumes. Left out are those of before that can be nowhere.</summary>
    public static IEnumerable<(string Name, string Path)> AskedBy(Deployment deployment) =>
        from volume in deployment.Options.Volumes
        let path = VolumePath.Normalize(volume.Path)
        where path is not null
        select (volume.Name, path);
}
