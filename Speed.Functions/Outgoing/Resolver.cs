using System.Net;

namespace Speed.Outgoing;

/// <summary>Finds all addresses of a host by its name.</summary>
public sealed class Resolver
{
    /// <summary>The system's unless set.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; set; } = Dns.GetHostAddressesAsync;
}
