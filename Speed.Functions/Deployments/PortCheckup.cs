using System.Globalization;

namespace Speed.Deployments;

/// <summary>
/// Lists the services that keep a port of the host which nobody may ask for today. Nothing is wrong with them: the operator may
/// want to know, or to allow the port.
/// </summary>
internal sealed class PortCheckup(IServiceStore services, FixedPorts ports) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var kept =
                from service in await services.ListServicesAsync(cancellationToken)
                from port in ports.Kept(service.Options)
                select string.Create(CultureInfo.InvariantCulture, $"{port} of deployment {service.Id} ({service.Options.Url})");
            return kept.ToList() is { Count: > 0 } all
                ? [new Finding("ports", $"Kept from before, though Speed__Services__HostPorts does not allow them: {string.Join(", ", all)}")]
                : [];
        }
        catch (StoreUnavailableException fault)
        {
            return [new Finding("ports", fault.Message, "See who else holds the file, and end that one.")];
        }
    }
}
