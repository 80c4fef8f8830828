using System.Globalization;
using System.Text.RegularExpressions;

namespace Speed.Runners;

/// <summary>What is wrong with a text that is the name of no image.</summary>
internal static partial class ImageNameFault
{
    private const int MaxTold = 60;
    private const int MaxPathLength = 255;

    /// <summary>In words that follow a colon; null where the form as a whole is another.</summary>
    /// <param name="text">One that <see cref="ImageReference.Parse"/> does not take.</param>
    public static string? Find(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal))
        {
            return $"a name has no scheme such as `{text[..(text.IndexOf("://", StringComparison.Ordinal) + 3)]}`";
        }

        if (text.Any(char.IsWhiteSpace))
        {
            return "a name has no blanks";
        }

        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0 && !Digest().IsMatch(text[(at + 1)..]))
        {
            return $"`{Cut(text[(at + 1)..])}` is no digest: one is `sha256:` and 64 hex digits in lower case";
        }

        var name = at < 0 ? text : text[..at];
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var registry = slash > 0 && (name.AsSpan(0, slash).ContainsAny('.', ':') || name[..slash] == "localhost") ? name[..slash] : "";
        var rest = registry.Length > 0 ? name[(slash + 1)..] : name;
        return PortFaultOf(registry) ?? TagFaultOf(rest) ?? PathFaultOf(rest.Split(':')[0]);
    }

    private static string? PortFaultOf(string registry)
    {
        var colon = registry.LastIndexOf(':');
        if (colon < 0 || registry.IndexOf(']', StringComparison.Ordinal) > colon)
        {
            return null;
        }

        var written = registry[(colon + 1)..];
        var isPort = int.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is >= 1 and <= 65_535;
        return isPort ? null : $"`{Cut(written)}` is no port, which is a number from 1 to 65535";
    }

    private static string? TagFaultOf(string rest)
    {
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || Tag().IsMatch(rest[(colon + 1)..])
            ? null
            : $"`{Cut(rest[(colon + 1)..])}` is no tag, which has up to 128 letters, digits, `_`, `.` and `-`, and begins with none of "
                + "the last two";
    }

    private static string? PathFaultOf(string path) => path switch
    {
        { Length: > MaxPathLength } => $"its path has more than {MaxPathLength} characters",
        _ when path.Any(char.IsAsciiLetterUpper) => "its path has upper-case letters",
        _ => null,
    };

    private static string Cut(string text) => text.Length <= MaxTold ? text : text[..MaxTold] + "…";

    [GeneratedRegex(@"\A(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Digest();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Tag();
}
