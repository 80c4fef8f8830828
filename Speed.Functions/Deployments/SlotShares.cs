namespace Speed.Deployments;

/// <summary>How many slots each caller holds, and whether one may have another.</summary>
/// <param name="most">How many one caller may hold; null for any number.</param>
internal sealed class SlotShares(int? most)
{
    private readonly Dictionary<string, int> _held = [];

    public SlotShares(IEnumerable<QueuedDeployment> holders, int? most) : this(most)
    {
        foreach (var holder in holders)
        {
            Take(holder);
        }
    }

    /// <summary>True, too, of one of which nobody knows who asked for it.</summary>
    public bool MayStart(QueuedDeployment deployment) =>
        deployment.DeployedBy.Length == 0 || !(_held.GetValueOrDefault(deployment.DeployedBy) >= most);

    public void Take(QueuedDeployment deployment) =>
        _held[deployment.DeployedBy] = _held.GetValueOrDefault(deployment.DeployedBy) + 1;

    public void Leave(QueuedDeployment deployment) => _held[deployment.DeployedBy]--;
}
