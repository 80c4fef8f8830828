using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Speed.Deployments;

namespace Speed.Proxy;

/// <summary>Where the reverse proxy listens, the certificates it shows there, what it takes, and what it writes down.</summary>
public sealed class ProxySettings
{
    private const string Shape =
        "must be addresses such as http://127.0.0.1:8080 or https://*:443, with ';' between them";

    /// <summary>Empty, for no proxy, unless set.</summary>
    public IReadOnlyList<ProxyAddress> Urls { get; init; } = [];

    /// <summary>
    /// PEM, with those of the issuers behind it. For names that no other certificate is for. Null unless set.
    /// </summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM, without a password.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Has <c>name.crt</c> and <c>name.key</c> for each certificate. Null unless set.</summary>
    public string? CertificateFolder { get; init; }

    /// <summary>
    /// Addresses of proxies in front of this one, such as a CDN's: what they say of a request's origin is passed on.
    /// None unless set.
    /// </summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>
    /// Headers that tell of an origin, beyond <c>X-Forwarded-For</c>, <c>-Host</c> and <c>-Proto</c>, and that are passed
    /// on where a trusted proxy sent them.
    /// </summary>
    public IReadOnlySet<string> TrustedHeaders { get; init; } = new HashSet<string>();

    /// <summary>
    /// Bytes that the line of a request may have, and once more all of its headers. 8 KiB to 16 MiB; 1 MiB unless set.
    /// </summary>
    public int MaxHeaderBytes { get; init; } = 1024 * 1024;

    /// <summary>How many headers a request may have. 10 to 10,000; 1,000 unless set.</summary>
    public int MaxHeaders { get; init; } = 1000;

    /// <summary>The file that gets a line for each request, or <c>-</c> for standard output. Null, for none, unless set.</summary>
    public string? AccessLog { get; init; }

    /// <summary>
    /// At so many bytes the file of the access log is renamed to <c>.1</c>, and another one begun. 0: never. 100 MiB unless set.
    /// </summary>
    public long AccessLogMaxBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>Whether a connection from there is one of a trusted proxy.</summary>
    public bool IsTrustedProxy(IPAddress? address) =>
        address is not null && TrustedProxies.Any(network => network.Contains(address));

    /// <summary>
    /// Who asks: the last address in <c>X-Forwarded-For</c> that is no trusted proxy's, as far as trusted ones say so.
    /// </summary>
    public IPAddress? ClientOf(HttpContext context)
    {
        var client = Plain(context.Connection.RemoteIpAddress);
        if (!IsTrustedProxy(client))
        {
            return client;
        }

        foreach (var said in context.Request.Headers["X-Forwarded-For"].ToString().Split(',', StringSplitOptions.TrimEntries).Reverse())
        {
            if (!IsTrustedProxy(client) || !IPAddress.TryParse(said, out var before))
            {
                break;
            }

            client = Plain(before);
        }

        return client;
    }

    /// <summary>An address of IPv4 as such, where it came to a socket of both.</summary>
    public static IPAddress? Plain(IPAddress? address) =>
        address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    /// <summary>
    /// Reads them from the section <c>Speed:Proxy</c>. Throws
    /// <see cref="Microsoft.Extensions.Options.OptionsValidationException"/> with a sentence that names the setting.
    /// </summary>
    public static ProxySettings Read(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration.GetSection("Speed")).Within("Proxy");
        var settings = new ProxySettings
        {
            Urls = ReadUrls(reader),
            CertificateFile = reader.Text(nameof(CertificateFile)),
            KeyFile = reader.Text(nameof(KeyFile)),
            CertificateFolder = reader.Text(nameof(CertificateFolder)),
            TrustedProxies = [.. (reader.List(nameof(TrustedProxies)) ?? []).Select(one => ReadNetwork(reader, one))],
            TrustedHeaders = (reader.List(nameof(TrustedHeaders)) ?? []).ToHashSet(StringComparer.OrdinalIgnoreCase),
            MaxHeaderBytes = reader.Number(nameof(MaxHeaderBytes), 1024 * 1024, 8 * 1024, 16 * 1024 * 1024),
            MaxHeaders = reader.Number(nameof(MaxHeaders), 1000, 10, 10_000),
            AccessLog = reader.Text(nameof(AccessLog)) is { } log ? log is "stdout" ? "-" : log : null,
            AccessLogMaxBytes = reader.Number(nameof(AccessLogMaxBytes), 100L * 1024 * 1024, 0, long.MaxValue),
        };
        JudgeCertificates(settings, reader);
        return settings;
    }

    // Some write a range by any address in it.
    private static IPNetwork ReadNetwork(SettingsReader reader, string text)
    {
        var parts = text.Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out var address) || !IsWhole(parts[0], address))
        {
            throw Unusable();
        }

        var bytes = address.GetAddressBytes();
        var bits = bytes.Length * 8;
        if (parts.Length == 2
            && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > bytes.Length * 8))
        {
            throw Unusable();
        }

        for (var bit = bits; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), bits);

        Exception Unusable() => reader.Unusable(
            nameof(TrustedProxies), $"must be addresses and ranges such as 10.0.0.1,192.168.0.0/16, not '{text}'.");
    }

    // Not 10 or 10.1, which would be 0.0.0.10 and 10.0.0.1.
    private static bool IsWhole(string text, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 || text.Split('.').Length == 4;

    private static void JudgeCertificates(ProxySettings settings, SettingsReader reader)
    {
        if (settings.CertificateFile is null && settings.KeyFile is not null)
        {
            throw reader.Unusable(nameof(CertificateFile), "must be set where Speed__Proxy__KeyFile is.");
        }

        if (settings.KeyFile is null && settings.CertificateFile is not null)
        {
            throw reader.Unusable(nameof(KeyFile), "must be set where Speed__Proxy__CertificateFile is.");
        }

        var hasCertificate = settings.CertificateFile is not null || settings.CertificateFolder is not null;
        if (!hasCertificate && settings.Urls.Any(url => url.IsTls))
        {
            throw reader.Unusable(
                nameof(CertificateFile),
                "and Speed__Proxy__KeyFile, or Speed__Proxy__CertificateFolder, must be set for the https address of "
                + "Speed__Proxy__Urls.");
        }

        if (settings.CertificateFolder is { } folder && !Directory.Exists(folder))
        {
            throw reader.Unusable(nameof(CertificateFolder), $"must be a folder that is there, not '{folder}'.");
        }
    }

    private static List<ProxyAddress> ReadUrls(SettingsReader reader) =>
        [.. (reader.Text(nameof(Urls)) ?? "")
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(url => ProxyAddress.TryParse(url)
                ?? throw reader.Unusable(nameof(Urls), $"{Shape}, not '{url}'."))];
}

/// <summary>An address to listen on.</summary>
/// <param name="Address">Null: every one of this machine.</param>
/// <param name="Port">0: a free one.</param>
public sealed record ProxyAddress(bool IsTls, IPAddress? Address, int Port)
{
    /// <summary>
    /// Null for what is none: another scheme, a path, a host that is neither an address, localhost nor *.
    /// </summary>
    public static ProxyAddress? TryParse(string url)
    {
        var plain = url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal)
            .Replace("//+", "//0.0.0.0", StringComparison.Ordinal);
        if (!Uri.TryCreate(plain, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.PathAndQuery != "/" || uri.UserInfo.Length > 0)
        {
            return null;
        }

        var host = uri.Host == "localhost" ? "127.0.0.1" : uri.Host;
        return IPAddress.TryParse(host.Trim('[', ']'), out var address)
            ? new ProxyAddress(uri.Scheme == Uri.UriSchemeHttps, plain == url ? address : null, uri.Port)
            : null;
    }
}
