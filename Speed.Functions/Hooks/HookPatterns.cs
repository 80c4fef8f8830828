using System.Text;
using System.Text.RegularExpressions;

namespace Speed.Hooks;

/// <summary>
/// Which branches, or which files, a hook means: patterns in which <c>*</c> stands for any characters, <c>/</c> too, <c>**/</c> for
/// any folders or none, and a <c>!</c> in front leaves out. The last one that fits decides; one that leaves out before anything
/// was named leaves it out of all.
/// </summary>
internal sealed class HookPatterns
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline;

    // A folder's name stands for all that is in it.
    private const string BelowToo = "(?:/.*)?";

    private readonly List<(bool IsLeftOut, Regex Regex)> _patterns;

    /// <param name="kept">Those of before there were rules for them, too: what is meant is made of each here.</param>
    public HookPatterns(HookPattern kind, IEnumerable<string> kept)
    {
        var ordered = InOrder([.. kept.SelectMany(one => Meant(kind, one))]);
        _patterns = [.. ordered.Select(one => (HookPattern.LeavesOut(one), RegexOf(kind, one)))];
    }

    public bool Matches(string text) =>
        _patterns.FindLast(one => one.Regex.IsMatch(text)) is { Regex: not null, IsLeftOut: false };

    /// <summary>A pattern of which others leave nothing, and the one that does so; null if there is none.</summary>
    public static (string Pattern, string LeftOutBy)? FindEmpty(HookPattern kind, IReadOnlyList<string> patterns)
    {
        var ordered = InOrder(patterns);
        var leftOut = ordered.Select(one => HookPattern.LeavesOut(one) ? RegexOf(kind, one) : null).ToList();
        foreach (var (index, pattern) in ordered.Index().Where(one => !HookPattern.LeavesOut(one.Item)))
        {
            var forms = new[] { pattern, pattern.Replace("**/", "", StringComparison.Ordinal) };
            var by = leftOut.FindIndex(index, one => one is not null && forms.All(one.IsMatch));
            if (by >= 0)
            {
                return (pattern, ordered[by]);
            }
        }

        return null;
    }

    // A comma may stand in a name: before patterns were cut there, such a one was meant to the letter.
    private static IEnumerable<string> Meant(HookPattern kind, string kept) =>
        kept.Contains(',') ? [kept, .. kind.Read(kept)] : kind.Read(kept);

    private static List<string> InOrder(IReadOnlyList<string> patterns)
    {
        var leading = patterns.TakeWhile(HookPattern.LeavesOut).ToList();
        var rest = patterns.Skip(leading.Count).ToList();
        return [.. rest.Count > 0 || leading.Count == 0 ? rest : ["*"], .. leading];
    }

    private static Regex RegexOf(HookPattern kind, string pattern)
    {
        var text = pattern.AsSpan(HookPattern.LeavesOut(pattern) ? 1 : 0);
        var regex = new StringBuilder(@"\A");
        for (var i = 0; i < text.Length;)
        {
            if (text[i..].StartsWith("**/") && (i == 0 || text[i - 1] == '/'))
            {
                regex.Append("(?:.*/)?");
                i += 3;
            }
            else if (text[i] == '*')
            {
                regex.Append(".*");
                i += text[i..].IndexOfAnyExcept('*') is > 0 and var stars ? stars : text.Length - i;
            }
            else
            {
                regex.Append(Regex.Escape(text[i++].ToString()));
            }
        }

        return new Regex(regex.Append(kind.IsOfBranches ? "" : BelowToo).Append(@"\z").ToString(), Options);
    }
}
