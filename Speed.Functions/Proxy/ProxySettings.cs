using System.Net;
using Microsoft.Extensions.Configuration;
using Speed.Deployments;

namespace Speed.Proxy;

/// <summary>Where the reverse proxy listens, and the certificates it shows there.</summary>
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

    /// <summary>Whether a connection from there is one of a trusted proxy.</summary>
    public bool IsTrustedProxy(IPAddress? address) =>
        address is not null && TrustedProxies.Any(network => network.Contains(address));

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
        };
        JudgeCertificates(settings, reader);
        return settings;
    }

    private static IPNetwork ReadNetwork(SettingsReader reader, string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw reader.Unusable(
            nameof(TrustedProxies), $"must be addresses and ranges such as 10.0.0.1,192.168.0.0/16, not '{text}'.");

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
