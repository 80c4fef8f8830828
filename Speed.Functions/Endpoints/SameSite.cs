using System.Net;
using Microsoft.AspNetCore.Http;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// Refuses what other people's web pages make a browser send: requests under a name that is not ours, however it
/// resolves (DNS rebinding), and changes asked for from another origin.
/// </summary>
internal sealed class SameSite(AccessSettings settings)
{
    private const string ForwardedHost = "X-Forwarded-Host";
    private const string ForwardedFor = "X-Forwarded-For";

    private static readonly string[] OwnNames = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>Null for a request that may go on.</summary>
    public Refusal? Judge(HttpRequest request)
    {
        // Behind a proxy, the Functions host among them, both count: a forwarded name allows nothing by itself.
        var hosts = Values(request, ForwardedHost).Prepend(request.Headers.Host.ToString()).Select(host => new HostString(host)).ToArray();
        foreach (var host in hosts)
        {
            if (!IsAllowed(host.Host))
            {
                return new Refusal(
                    403, "HOST_NOT_ALLOWED", $"Host '{host.Host}' is not allowed: add it to Speed__AllowedHosts");
            }
        }

        return IsRead(request.Method) || request.Headers.Origin.All(origin => IsOwn(origin, hosts[^1]))
            ? null
            : new Refusal(403, "ORIGIN_NOT_ALLOWED", "A change asked for by a page of another origin is refused.");
    }

    /// <summary>
    /// Null where every address that the request has come from is one of this machine. A refusal otherwise, where no
    /// keys are required; nothing is ever allowed because of an address.
    /// </summary>
    public static Refusal? JudgeAddresses(HttpContext context)
    {
        var connected = context.Connection.RemoteIpAddress;
        var forwarded = Values(context.Request, ForwardedFor).Select(AddressIn);
        return forwarded.Prepend(connected).All(address => address is not null && IPAddress.IsLoopback(address))
            ? null
            : new Refusal(
                403,
                "ADDRESS_NOT_ALLOWED",
                "Without keys SPEED answers this machine alone: set Speed__Auth to required, and send a token.");
    }

    public static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private bool IsAllowed(string host) =>
        OwnNames.Contains(host, StringComparer.OrdinalIgnoreCase)
        || settings.IsAllowedHost(host);

    // Not the scheme: a proxy in front may speak TLS.
    private static bool IsOwn(string? origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && AccessSettings.IsSameHost(uri.Host, host.Host)
        && (host.Port is { } port ? uri.Port == port : uri.IsDefaultPort);

    // With a port behind it, where a proxy adds one.
    private static IPAddress? AddressIn(string text) =>
        IPAddress.TryParse(text, out var address) ? address
        : IPEndPoint.TryParse(text, out var endpoint) ? endpoint.Address
        : null;

    private static string[] Values(HttpRequest request, string header) =>
        request.Headers[header].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
