using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Hooks;

/// <summary>
/// How patterns of a hook are written: what people are used to write elsewhere is made the one form that is kept, and what
/// cannot be meant is told.
/// </summary>
public sealed partial class HookPattern
{
    private const string Heads = "refs/heads/";

    private const int Most = 100;
    private const int MostOfOne = 200;

    private static readonly string[] NotOfTheForge = ["refs/", "heads/", "remotes/", "origin/", "tags/"];

    private HookPattern(bool isOfBranches) => IsOfBranches = isOfBranches;

    public static HookPattern OfBranches { get; } = new(isOfBranches: true);

    public static HookPattern OfPaths { get; } = new(isOfBranches: false);

    internal bool IsOfBranches { get; }

    /// <summary>True for one that begins with <c>!</c>.</summary>
    public static bool LeavesOut(string pattern) => pattern.StartsWith('!');

    /// <summary>
    /// The patterns that one text means: with commas or lines it has several, and so it has with braces; <c>/a/*</c> and
    /// <c>./a/*</c> are <c>a/*</c>, <c>a/</c> is <c>a/*</c>, and <c>refs/heads/</c> goes. Of what was made so it makes the same.
    /// </summary>
    // Cut off before anything is left out: a few braces stand for more patterns than there is time for.
    internal IEnumerable<string> Read(string text) =>
        Split(text).SelectMany(Expand).Take(MostOfOne).Select(Normalize).Where(one => one.Length > 0);

    /// <summary>
    /// The patterns that texts mean, or what is wrong with them, as a sentence about "it" with the way out.
    /// </summary>
    public (IReadOnlyList<string> Patterns, string? Fault) Read(IReadOnlyCollection<string> texts)
    {
        if (texts.Any(text => !Read(text).Any()))
        {
            return ([], "must have patterns in which * stands for any characters, and no empty one.");
        }

        List<string> patterns = [.. texts.SelectMany(Read).Take(Most + 1)];
        if (patterns.Count > Most)
        {
            return ([], $"must have at most {Most} patterns, with those that braces stand for.");
        }

        var fault = patterns.Select(FindFault).OfType<string>().FirstOrDefault();
        return fault is null && patterns.Count > 0 && HookPatterns.FindEmpty(this, patterns) is var (pattern, by)
            ? ([], $"leaves nothing of `{ForgeText.Shown(pattern)}`, for `{ForgeText.Shown(by)}` leaves all of it out: "
                + "give one of the two.")
            : (patterns, fault);
    }

    /// <summary>
    /// What keeps a pattern that was read so from ever meaning anything, as a sentence about "it" with the way out; null if
    /// nothing does.
    /// </summary>
    private string? FindFault(string pattern)
    {
        var what = LeavesOut(pattern) ? pattern[1..] : pattern;
        if (what.Length == 0 || LeavesOut(what))
        {
            return "must have a pattern behind `!`, and one `!` only.";
        }

        return what switch
        {
            _ when what.Contains('\\') => "must not have a backslash in a pattern: write `/`.",
            _ when what.IndexOfAny(['?', '[', ']']) is >= 0 and var at =>
                $"must not have `{what[at]}` in a pattern: `*` stands for any characters.",
            _ when what.Contains(',') => "must not have a comma in a pattern: give each pattern as an item of its own.",
            _ when what.Any(char.IsControl) => "must not have a control character in a pattern: leave it out.",
            _ when what.Contains("://") || what.Contains(":/") =>
                "must not have an address in a pattern: the hook's `url` says which repository it is of.",
            _ when what.Split('/').Contains("..") =>
                "must not have `..` in a pattern: begin at the top of the repository, as in `src/*`.",
            _ => IsOfBranches ? FindBranchFault(what) : null,
        };
    }

    private static string? FindBranchFault(string pattern)
    {
        if (NotOfTheForge.FirstOrDefault(one => pattern.StartsWith(one, StringComparison.Ordinal)) is { } prefix)
        {
            return prefix is "tags/" || pattern.StartsWith("refs/tags/", StringComparison.Ordinal)
                ? "must name branches: tags are not deployed by a hook."
                : $"must name branches as the forge shows them: leave `{prefix}` out.";
        }

        return BranchName.FindFault(Stars.Replace(pattern, "x")) is null
            ? null
            : $"has `{ForgeText.Shown(pattern)}`, which no branch can be called: give each pattern as an item of its own, "
                + "such as `feature/*`.";
    }

    private string Normalize(string text)
    {
        var pattern = text.Trim();
        if (LeavesOut(pattern))
        {
            return "!" + Normalize(pattern[1..]);
        }

        if (IsOfBranches && pattern.StartsWith(Heads, StringComparison.Ordinal))
        {
            pattern = pattern[Heads.Length..];
        }

        var parts = pattern.Split('/').Where(part => part is not ("" or ".")).ToList();
        var isFolder = pattern.EndsWith('/') || pattern is "." || pattern.EndsWith("/.", StringComparison.Ordinal);
        return string.Join('/', isFolder && !(IsOfBranches && parts.Count == 0) ? [.. parts, "*"] : parts);
    }

    private static IEnumerable<string> Split(string text)
    {
        var (depth, from) = (0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '{' => 1, '}' when depth > 0 => -1, _ => 0 };
            if (text[i] == '\n' || (text[i] == ',' && depth == 0))
            {
                yield return text[from..i];
                from = i + 1;
            }
        }

        yield return text[from..];
    }

    // As a shell does: braces without a comma stand for themselves.
    private static IEnumerable<string> Expand(string text)
    {
        var braces = Alternatives.Match(text);
        return braces.Success
            ? braces.Groups[1].Value.Split(',').SelectMany(
                one => Expand(text[..braces.Index] + one.Trim() + text[(braces.Index + braces.Length)..]))
            : [text];
    }

    [GeneratedRegex(@"\{([^{}]*,[^{}]*)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Alternatives { get; }

    [GeneratedRegex(@"\*+", RegexOptions.CultureInvariant)]
    private static partial Regex Stars { get; }
}
