using System.Text;

namespace Speed.Sources;

/// <summary>
/// One pattern of a <c>.dockerignore</c> file, fitted to paths as Docker does.
/// </summary>
/// <remarks>
/// A path is walked once, with the set of all positions in the pattern that it could be at. Patterns are
/// strangers' text: an expression that tries one way after another could be made to take for ever.
/// </remarks>
internal sealed class IgnorePattern
{
    private readonly IgnoreToken[] _tokens;
    private readonly int _least;
    private readonly string _core;

    private IgnorePattern(IgnoreToken[] tokens)
    {
        _tokens = tokens;
        Beginning = TextOf(tokens.TakeWhile(IsPlain));
        End = TextOf(tokens.Reverse().TakeWhile(IsPlain).Reverse());
        _core = RunsOf(tokens).MaxBy(run => run.Length) ?? "";
        _least = tokens.Count(token => !token.IsOptional);
        Literal = tokens.All(IsPlain) ? Beginning : null;
    }

    /// <summary>The one path that it fits; null if there may be others.</summary>
    public string? Literal { get; }

    /// <summary>What every path that it fits begins with; may be empty.</summary>
    public string Beginning { get; }

    /// <summary>What every path that it fits ends with; may be empty.</summary>
    public string End { get; }

    /// <summary>How many elements it has.</summary>
    public int Length => _tokens.Length;

    /// <summary>Null where Docker refuses the pattern: a class without an end, a backslash before nothing.</summary>
    public static IgnorePattern? Parse(string pattern) =>
        IgnoreToken.Parse(pattern) is { } tokens ? new IgnorePattern(tokens) : null;

    /// <summary>
    /// False where a look at the path says that it does not fit: at its beginning, end and length, and for the longest text
    /// of the pattern that must be somewhere in it.
    /// </summary>
    public bool MayFit(string path) =>
        path.Length >= _least
        && path.StartsWith(Beginning, StringComparison.Ordinal)
        && path.EndsWith(End, StringComparison.Ordinal)
        && path.Contains(_core, StringComparison.Ordinal);

    /// <summary>False where no path with this beginning can fit.</summary>
    public bool MayBeginWith(string prefix) =>
        Beginning.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(Beginning, StringComparison.Ordinal);

    /// <summary>True if the pattern describes the whole path.</summary>
    public bool Fits(ReadOnlySpan<char> path)
    {
        var size = _tokens.Length + 1;
        var now = size <= 256 ? stackalloc bool[size] : new bool[size];
        var next = size <= 256 ? stackalloc bool[size] : new bool[size];
        Enter(now, 0);
        foreach (var rune in path.EnumerateRunes())
        {
            next.Clear();
            for (var i = 0; i < _tokens.Length; i++)
            {
                if (now[i])
                {
                    Step(next, i, rune);
                }
            }

            var last = now;
            now = next;
            next = last;
        }

        return now[^1];
    }

    // A byte that is no UTF-8 is one U+FFFD to the patterns, as it is to Docker, but not in the text of a path.
    private static bool IsPlain(IgnoreToken token) => token.Plain is { } rune && rune != Rune.ReplacementChar;

    private static string TextOf(IEnumerable<IgnoreToken> tokens) => string.Concat(tokens.Select(token => token.Plain));

    // What stands in it without anything else in between.
    private static IEnumerable<string> RunsOf(IgnoreToken[] tokens)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            var run = tokens[i..].TakeWhile(IsPlain).ToArray();
            if (run.Length > 0)
            {
                yield return TextOf(run);
                i += run.Length;
            }
        }
    }

    private void Step(Span<bool> next, int i, Rune rune)
    {
        var token = _tokens[i];
        if (token.Stays(rune))
        {
            next[i] = true;
        }

        if (token.Passes(rune))
        {
            Enter(next, i + 1);
        }
    }

    // Also every position that is reached from there without a character.
    private void Enter(Span<bool> positions, int i)
    {
        positions[i] = true;
        for (; i < _tokens.Length && _tokens[i].IsOptional; i++)
        {
            positions[i + 1] = true;
        }
    }
}
