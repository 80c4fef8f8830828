using System.Text.RegularExpressions;

namespace Speed.Deployments;

/// <summary>Hosts that the operator names: <c>host</c>, on every port, or <c>host:port</c>.</summary>
public sealed partial class HostList(IEnumerable<string> entries)
{
    private readonly (string Host, int? Port)[] _hosts = [.. entries.Select(Parse).OfType<(string, int?)>()];

    /// <summary>True if the host is named, on the port that would be connected to.</summary>
    public bool Names(RepositoryAddress address) => _hosts.Any(one =>
        one.Host == address.Host && (one.Port ?? address.RealPort) == address.RealPort);

    /// <summary>An entry in its one spelling; null if it is none.</summary>
    public static (string Host, int? Port)? Parse(string entry)
    {
        var match = Entry().Match(entry);
        var isPort = int.TryParse(match.Groups["port"].Value, out var port) && port is >= 1 and <= 65_535;
        return match.Success && (isPort || !match.Groups["port"].Success)
            ? (RepositoryAddress.Normalize(match.Groups["host"].Value), isPort ? port : null)
            : null;
    }

    [GeneratedRegex(
        @"^(?<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]*)(:(?<port>[0-9]+))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Entry();
}
