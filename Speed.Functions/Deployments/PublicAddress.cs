using System.Net;
using System.Net.Sockets;

namespace Speed.Deployments;

/// <summary>
/// Tells addresses of the open Internet from those of this host, its networks, and its cloud.
/// </summary>
public static class PublicAddress
{
    // Of version 6 only what is given out for use between everybody; IPv4 within it (mapped, translated) is not.
    private static readonly IPNetwork Unicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] Others =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",

            // Looks public, and is the platform's own in every virtual machine of Azure.
            "168.63.129.16/32",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>
    /// False for loopback, private, link-local, shared, multicast, documentation and every other address that is not
    /// for everybody, and for those of version 6 that stand for one of version 4 (mapped, NAT64, 6to4, Teredo).
    /// </summary>
    public static bool Is(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => true,
        AddressFamily.InterNetworkV6 => !address.IsIPv4MappedToIPv6 && Unicast.Contains(address),
        _ => false,
    } && !Others.Any(network => network.Contains(address));
}
