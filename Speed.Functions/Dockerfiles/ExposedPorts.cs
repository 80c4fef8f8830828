using System.Globalization;

namespace Speed.Dockerfiles;

/// <summary>A word behind EXPOSE: a port or a range, and the protocol.</summary>
internal static class ExposedPorts
{
    private const string Tcp = "tcp";
    private const int Most = 65_535;

    /// <summary>Its TCP ports, in order. Empty for another protocol, and for what the engine refuses.</summary>
    public static IEnumerable<int> Read(string word)
    {
        var parts = word.Split('/', 2);
        if (parts.Length == 2 && !parts[1].Equals(Tcp, StringComparison.OrdinalIgnoreCase))
        {
            return [];
        }

        // As the engine reads it, it may be mapped: `8080:80` exposes the second.
        var ends = parts[0][(parts[0].LastIndexOf(':') + 1)..].Split('-', 2);
        return Number(ends[0]) is { } first && Number(ends[^1]) is { } last && first <= last
            ? Enumerable.Range(first, last - first + 1)
            : [];
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= Most
            ? port
            : null;
}
