using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace Speed.Deployments;

/// <summary>Where services are published, and on which ports.</summary>
public sealed class ServiceSettings
{
    private const int UsualPort = 7071;
    private const int FirstUnprivileged = 1_024;

    /// <summary>A loopback address, of IPv4: 127.0.0.1 unless set.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>
    /// Ports that a deployment may ask for by number, SPEED's own left out. Unless set: none where keys are required, for whoever
    /// has a token could take a port that others look for something else at; else 1024 to 65535.
    /// </summary>
    public PortSet HostPorts { get; init; } = PortSet.Of(FirstUnprivileged, PortSet.Most);

    /// <summary>Ports that SPEED chooses from, one range. Unless set, above what Linux gives to outgoing connections.</summary>
    public (int First, int Last) Chosen { get; init; } = (61_000, PortSet.Most);

    /// <summary>True where the operator set that range: then a port is from it, or there is none.</summary>
    public bool IsChosenSet { get; init; }

    /// <summary>On which SPEED itself listens: no service gets one.</summary>
    public IReadOnlySet<int> OwnPorts { get; init; } = new HashSet<int> { UsualPort };

    /// <summary>
    /// Reads them from the section <c>Speed:Services</c>. Throws
    /// <see cref="Microsoft.Extensions.Options.OptionsValidationException"/> with a sentence that names the setting.
    /// </summary>
    public static ServiceSettings Read(IConfiguration configuration)
    {
        var speed = new SettingsReader(configuration.GetSection("Speed"));
        var reader = speed.Within("Services");
        var areKeysRequired = !string.Equals(speed.Text("Auth"), "off", StringComparison.OrdinalIgnoreCase);
        var missing = new ServiceSettings();
        var chosen = ReadPorts(reader, "ChosenPorts");
        if (chosen is { Ranges.Count: not 1 })
        {
            throw reader.Unusable("ChosenPorts", "must be one range of ports, such as 61000-65535.");
        }

        return new ServiceSettings
        {
            Address = ReadAddress(reader),
            HostPorts = ReadPorts(reader, nameof(HostPorts)) ?? (areKeysRequired ? PortSet.None : missing.HostPorts),
            Chosen = chosen?.Ranges[0] ?? missing.Chosen,
            IsChosenSet = chosen is not null,
            OwnPorts = ReadOwn(configuration, speed),
        };
    }

    /// <summary>True of a port that any deployment may ask for by number.</summary>
    public bool Allows(int port) => HostPorts.Contains(port) && !OwnPorts.Contains(port);

    private static PortSet? ReadPorts(SettingsReader reader, string name) => reader.Text(name) is { } text
        ? PortSet.TryParse(text)
            ?? throw reader.Unusable(name, $"must be ports and ranges such as 8000-8999,9443, or none, not '{text}'.")
        : null;

    private static IPAddress ReadAddress(SettingsReader reader)
    {
        if (reader.Text(nameof(Address)) is not { } text)
        {
            return IPAddress.Loopback;
        }

        return IPAddress.TryParse(text, out var address)
            && address.AddressFamily == AddressFamily.InterNetwork
            && IPAddress.IsLoopback(address)
                ? address
                : throw reader.Unusable(
                    nameof(Address), $"must be a loopback address such as 127.0.0.2, not '{text}'; the proxy makes services public.");
    }

    // Whatever SPEED is asked at, the Functions host's usual port among them, and where its proxy listens.
    private static HashSet<int> ReadOwn(IConfiguration configuration, SettingsReader speed)
    {
        HashSet<int> own = [UsualPort];
        var urls = $"{speed.Text("Urls")};{speed.Within("Proxy").Text("Urls")}";
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var plain = url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal);
            if (Uri.TryCreate(plain, UriKind.Absolute, out var uri))
            {
                own.Add(uri.Port);
            }
        }

        if (int.TryParse(configuration["Host:LocalHttpPort"], out var port))
        {
            own.Add(port);
        }

        return own;
    }
}
