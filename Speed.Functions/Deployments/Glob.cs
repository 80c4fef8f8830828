using System.IO.Enumeration;

namespace Speed.Deployments;

/// <summary>Patterns in which <c>*</c> stands for any characters, <c>/</c> too, and nothing else is special.</summary>
public static class Glob
{
    /// <summary>True if one of the patterns matches the whole text; of letters the case does not count unless told.</summary>
    public static bool MatchesAny(IEnumerable<string> patterns, string text, bool ignoreCase = true) =>
        patterns.Any(pattern => Matches(pattern, text, ignoreCase));

    /// <summary>
    /// What makes a pattern for repositories, one that is about to be kept, mean another thing than it seems to, as a sentence
    /// about "it" with the way out; null if nothing does. Those that were kept before mean what they always meant.
    /// </summary>
    public static string? FindFault(string pattern) => pattern switch
    {
        "" => "must not have an empty pattern: leave it out.",
        _ when pattern.Trim() != pattern => "must not have spaces around a pattern: leave them out.",
        _ when pattern.Contains("://") => "must have patterns without a scheme, such as github.com/owner/*.",
        _ when pattern.Contains(',') =>
            "must not have a comma in a pattern: give each pattern as an item of its own.",
        _ when pattern[0] == '!' => "must not begin a pattern with `!`, which leaves nothing out: list what is meant.",
        _ when pattern.IndexOfAny(['?', '\\', '#']) is >= 0 and var index =>
            $"must not have `{pattern[index]}` in a pattern, for no repository's address has it: `*` stands for any characters.",
        _ when pattern.Contains("**") =>
            "must not have `**` in a pattern: write `*`, which stands for any characters, `/` too.",
        _ when pattern.Contains("./") || pattern.EndsWith("/.", StringComparison.Ordinal) =>
            "must not have `./` in a pattern: begin with the host, as in github.com/owner/*, and leave it out.",
        _ when pattern.EndsWith('/') =>
            "must not have a slash at the end of a pattern: leave it out, or write `/*` for all that is below.",
        _ => null,
    };

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
