using System.Globalization;

namespace Speed.Deployments;

/// <summary>Some ports, as an operator writes them: <c>8000-8999,9443</c>, or <c>none</c>.</summary>
public sealed record PortSet(IReadOnlyList<(int First, int Last)> Ranges)
{
    public const int Most = 65_535;

    public static PortSet None { get; } = new([]);

    public static PortSet Of(int first, int last) => new([(first, last)]);

    /// <summary>Null for what is none: a port that is no number from 1 to 65535, or a range that ends before it begins.</summary>
    public static PortSet? TryParse(string text)
    {
        if (text == "none")
        {
            return None;
        }

        var ranges = text.Split(',', StringSplitOptions.TrimEntries).Select(ParseRange).ToList();
        return ranges.Contains(null) ? null : new PortSet([.. ranges.Select(range => range!.Value)]);
    }

    public bool Contains(int port) => Ranges.Any(range => port >= range.First && port <= range.Last);

    public override string ToString() => Ranges.Count == 0
        ? "none"
        : string.Join(',', Ranges.Select(range => string.Create(
            CultureInfo.InvariantCulture, $"{range.First}{(range.First == range.Last ? "" : $"-{range.Last}")}")));

    private static (int First, int Last)? ParseRange(string text)
    {
        var ends = text.Split('-', 2);
        return Parse(ends[0]) is { } first && Parse(ends[^1]) is { } last && first <= last ? (first, last) : null;
    }

    private static int? Parse(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= Most
            ? port
            : null;
}
