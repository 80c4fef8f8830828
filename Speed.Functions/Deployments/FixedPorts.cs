namespace Speed.Deployments;

/// <summary>
/// Judges ports of the host that are asked for by number. What the operator allows is for all; any other is for the service
/// that was up with it before, for it has it by right of an earlier SPEED or setting.
/// </summary>
public sealed class FixedPorts(ServiceSettings settings, IServiceStore services)
{
    /// <summary>Which of the ports asked for may not be had, by their place in the list, each with the reason.</summary>
    /// <param name="inAnyBranch">True of what is asked for before its branch is known: then what any had counts.</param>
    public async Task<IReadOnlyList<(int Index, string Detail)>> FindFaultsAsync(
        DeploymentOptions asked, bool inAnyBranch, CancellationToken cancellationToken)
    {
        List<(int Index, string Detail)> faults = [];
        foreach (var (index, option) in asked.Ports.Index())
        {
            if (option.Host is { } port && !await MayHaveAsync(asked, port, inAnyBranch, cancellationToken))
            {
                faults.Add((index, Say(port)));
            }
        }

        return faults;
    }

    /// <summary>The ports of a deployment that it has though others may not ask for them.</summary>
    public IEnumerable<int> Kept(DeploymentOptions options) =>
        options.Ports.Select(port => port.Host).OfType<int>().Where(port => !settings.Allows(port));

    private async Task<bool> MayHaveAsync(
        DeploymentOptions asked, int port, bool inAnyBranch, CancellationToken cancellationToken) =>
        settings.Allows(port)
        || (!settings.OwnPorts.Contains(port) && await services.HasHeldPortAsync(asked, port, inAnyBranch, cancellationToken));

    private string Say(int port) => settings.OwnPorts.Contains(port)
        ? $"{port} is a port of SPEED itself: take another one, or leave `host` out, and SPEED chooses one."
        : $"{port} may not be asked for: Speed__Services__HostPorts allows {settings.HostPorts}. Leave `host` out, and SPEED "
            + "chooses a port; or have the operator allow it.";
}
