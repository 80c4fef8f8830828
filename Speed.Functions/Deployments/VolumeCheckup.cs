namespace Speed.Deployments;

/// <summary>Looks for data that somebody may miss: in containers without their volumes, and in volumes of no service.</summary>
internal sealed class VolumeCheckup(VolumeList volumes) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var bare = await volumes.FindBareAsync(cancellationToken);
            return [Describe(await volumes.ReadAsync(cancellationToken)), .. bare.Select(Describe)];
        }
        catch (Exception fault) when (fault is StoreUnavailableException or DeploymentFailedException)
        {
            return [new Finding("volumes", $"They cannot be looked at. {fault.Message}", "See to that first.")];
        }
    }

    // Nothing is wrong with what is left alone: it is there to be found.
    private static Finding Describe(IReadOnlyList<Volume> all)
    {
        var counts = all.GroupBy(volume => volume.State).ToDictionary(group => group.Key, group => group.Count());
        var text = $"{Count(VolumeState.InUse)} in use, {Count(VolumeState.Kept)} kept";
        text += List(VolumeState.Candidate, "left by an earlier SPEED beside those of their services");
        text += List(VolumeState.Unowned, "of no service on record");
        text += List(VolumeState.Missing, "on record and not on the engine");
        return new Finding("volumes", text);

        int Count(VolumeState state) => counts.GetValueOrDefault(state);

        string List(VolumeState state, string what) => Count(state) == 0
            ? ""
            : $"; {what}: {string.Join(", ", all.Where(volume => volume.State == state).Select(volume => volume.EngineName))}";
    }

    private static Finding Describe((BareContainer Container, bool IsKept) found)
    {
        var (bare, isKept) = found;
        var name = $"volumes of {bare.Container}";
        var places = bare.Paths.Count > 0 ? string.Join(", ", bare.Paths) : "which its deployment's record, now gone, named";
        return isKept
            ? new Finding(
                name,
                $"The container {bare.KeptName} of deployment {bare.DeploymentId} ran without its volumes at {places}, and is "
                + "kept for what it wrote there.",
                $"Copy it ({bare.CopyFrom(bare.KeptName)}), then remove the container: `docker rm {bare.KeptName}`.")
            : new Finding(
                name,
                $"The container {bare.Container} of deployment {bare.DeploymentId} runs without its volumes at {places}: what "
                + $"it writes there is in it alone. Once it ends it is kept, as {bare.KeptName}.",
                $"Copy it: {bare.CopyFrom(bare.Container)}; then deploy again, which mounts the volumes.");
    }
}
