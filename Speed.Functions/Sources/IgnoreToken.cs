using System.Text;

namespace Speed.Sources;

/// <summary>One element of an ignore pattern: a character or class of them, or a run of characters.</summary>
internal abstract record IgnoreToken
{
    private static readonly Rune Slash = new('/');

    /// <summary>The one character that it stands for; null if there may be others.</summary>
    public virtual Rune? Plain => null;

    /// <summary>True if it can stand for nothing.</summary>
    public virtual bool IsOptional => false;

    /// <summary>True if the character belongs to it and does not end it.</summary>
    public virtual bool Stays(Rune rune) => false;

    /// <summary>True if the character belongs to it and can be its last.</summary>
    public virtual bool Passes(Rune rune) => false;

    /// <summary>Null where the syntax is wrong.</summary>
    public static IgnoreToken[]? Parse(string pattern)
    {
        var isSuffix = IsSuffix(pattern);
        var rest = new Queue<Rune>((isSuffix ? pattern[2..] : pattern).EnumerateRunes());
        List<IgnoreToken> tokens = isSuffix ? [new Everything()] : [];
        while (rest.TryDequeue(out var rune))
        {
            if (Next(rune, rest) is not { } token)
            {
                return null;
            }

            tokens.Add(token);
        }

        return [.. tokens];
    }

    // Docker takes "**.log", alone of all patterns, as a suffix: any folders and the beginning of a name.
    private static bool IsSuffix(string pattern) =>
        pattern.StartsWith("**", StringComparison.Ordinal)
        && !pattern[2..].StartsWith('/')
        && pattern.AsSpan(2).IndexOfAny(@"*?[]\") < 0;

    private static IgnoreToken? Next(Rune rune, Queue<Rune> rest) => rune.Value switch
    {
        '*' when Take(rest, '*') => DoubleStar(rest),
        '*' => new Star(),
        '?' => new Class([(Slash.Value, Slash.Value)], IsNegated: true),
        '[' => ParseClass(rest),
        '\\' => rest.TryDequeue(out var escaped) ? new One(escaped) : null,
        _ => new One(rune),
    };

    private static IgnoreToken DoubleStar(Queue<Rune> rest)
    {
        Take(rest, '/');
        return rest.Count > 0 ? new Folders() : new Everything();
    }

    private static Class? ParseClass(Queue<Rune> rest)
    {
        var isNegated = Take(rest, '^');
        var ranges = new List<(int Low, int High)>();
        while (ranges.Count == 0 || !Take(rest, ']'))
        {
            if (ParseMember(rest) is not { } low || (Take(rest, '-') ? ParseMember(rest) : low) is not { } high)
            {
                return null;
            }

            ranges.Add((low, high));
        }

        return new Class(ranges, isNegated);
    }

    private static int? ParseMember(Queue<Rune> rest) =>
        !rest.TryDequeue(out var rune) || rune.Value is '-' or ']' ? null
            : rune.Value != '\\' ? rune.Value
            : rest.TryDequeue(out var escaped) ? escaped.Value
            : null;

    private static bool Take(Queue<Rune> rest, char wanted) =>
        rest.TryPeek(out var next) && next.Value == wanted && rest.TryDequeue(out _);

    private sealed record One(Rune Rune) : IgnoreToken
    {
        public override Rune? Plain => Rune;

        public override bool Passes(Rune rune) => rune == Rune;
    }

    private sealed record Class(IReadOnlyList<(int Low, int High)> Ranges, bool IsNegated) : IgnoreToken
    {
        public override bool Passes(Rune rune) =>
            Ranges.Any(range => rune.Value >= range.Low && rune.Value <= range.High) != IsNegated;
    }

    // "*": within one name.
    private sealed record Star : IgnoreToken
    {
        public override bool IsOptional => true;

        public override bool Stays(Rune rune) => rune != Slash;

        public override bool Passes(Rune rune) => rune != Slash;
    }

    // "**" before more: no folder, or any number of them with their last slash.
    private sealed record Folders : IgnoreToken
    {
        public override bool IsOptional => true;

        public override bool Stays(Rune rune) => true;

        public override bool Passes(Rune rune) => rune == Slash;
    }

    // "**" at the end.
    private sealed record Everything : IgnoreToken
    {
        public override bool IsOptional => true;

        public override bool Stays(Rune rune) => true;

        public override bool Passes(Rune rune) => true;
    }
}
