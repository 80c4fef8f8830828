using System.IO.Enumeration;

namespace Speed.Deployments;

/// <summary>Patterns in which <c>*</c> stands for any characters, <c>/</c> too, and nothing else is special.</summary>
public static class Glob
{
    /// <summary>True if one of the patterns matches the whole text; of letters the case does not count unless told.</summary>
    public static bool MatchesAny(IEnumerable<string> patterns, string text, bool ignoreCase = true) =>
        patterns.Any(pattern => Matches(pattern, text, ignoreCase));

    // A ? is an ordinary character of an address's query; a backslash would escape.
    private static bool Matches(string pattern, string text, bool ignoreCase) => FileSystemName.MatchesSimpleExpression(
        pattern.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("?", "\\?", StringComparison.Ordinal),
        text,
        ignoreCase);

    /// <summary>
    /// What patterns for repositories are matched with: an address without scheme, user and <c>.git</c>, with <c>/</c>
    /// for the colon of the short form, as in <c>github.com/owner/repository</c>.
    /// </summary>
    public static string TargetOf(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme >= 0 ? url[(scheme + 3)..] : url;
        var slash = rest.IndexOf('/');
        var at = rest.IndexOf('@');
        rest = at >= 0 && (slash < 0 || at < slash) ? rest[(at + 1)..] : rest;
        if (scheme < 0)
        {
            var colon = rest.IndexOf(':');
            rest = colon < 0 ? rest : $"{rest[..colon]}/{rest[(colon + 1)..].TrimStart('/')}";
        }

        rest = rest.TrimEnd('/');
        return rest.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? rest[..^4] : rest;
    }
}
