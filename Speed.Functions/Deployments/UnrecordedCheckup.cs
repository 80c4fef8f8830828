namespace Speed.Deployments;

/// <summary>Looks for containers and images on the engine that no record tells of.</summary>
internal sealed class UnrecordedCheckup(Unrecorded unrecorded) : ICheckup
{
    private const string Name = "docker without a record";
    private const int MostNamed = 10;

    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<GcItem> items;
        try
        {
            items = await unrecorded.ListAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is DeploymentFailedException or StoreUnavailableException)
        {
            return [new Finding(Name, $"Not to be seen now: {fault.Message}", "Mend that, and look again.")];
        }

        if (items.Count == 0)
        {
            return [new Finding(Name, "nothing")];
        }

        var names = items.Take(MostNamed).Select(item => $"{item.Kind} {item.Id}".ToLowerInvariant());
        var more = items.Count > MostNamed ? $" and {items.Count - MostNamed} more" : "";
        return
        [
            new Finding(
                Name,
                $"Kept, for no record tells of it: {string.Join(", ", names)}{more}. It came after the backup that was "
                + "restored.",
                "Deploy again what is to go on. `GET /v1/gc` lists all of it; what it lists as unrecorded goes with "
                + "`speed gc --unrecorded --do`, or `docker rm`, an image with `docker rmi`."),
        ];
    }
}
