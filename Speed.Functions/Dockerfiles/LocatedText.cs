namespace Speed.Dockerfiles;

/// <summary>A piece of a file's text in which each character knows where in the file it stands.</summary>
/// <param name="offsets">One for each character of <paramref name="value"/>.</param>
internal sealed class LocatedText(string value, ReadOnlyMemory<int> offsets)
{
    public static readonly LocatedText Empty = new("", ReadOnlyMemory<int>.Empty);

    public string Value => value;

    public int Length => value.Length;

    public ReadOnlySpan<int> Offsets => offsets.Span;

    public char this[int index] => value[index];

    /// <summary>Where it stands; null where it is empty, or other characters of the file stand in between.</summary>
    public TextSpan? Span
    {
        get
        {
            var places = offsets.Span;
            for (var i = 1; i < places.Length; i++)
            {
                if (places[i] != places[i - 1] + 1)
                {
                    return null;
                }
            }

            return places.Length == 0 ? null : new TextSpan(places[0], places.Length);
        }
    }

    /// <summary>All of <paramref name="text"/>, which is the file itself.</summary>
    public static LocatedText Of(string text) => new(text, Enumerable.Range(0, text.Length).ToArray());

    public LocatedText Slice(int start, int length) =>
        length == 0 ? Empty : new LocatedText(value.Substring(start, length), offsets.Slice(start, length));

    public LocatedText From(int start) => Slice(start, value.Length - start);

    /// <summary>The characters at these places, one after the other.</summary>
    public LocatedText Pick(IReadOnlyList<int> places)
    {
        var characters = new char[places.Count];
        var picked = new int[places.Count];
        for (var i = 0; i < places.Count; i++)
        {
            characters[i] = value[places[i]];
            picked[i] = offsets.Span[places[i]];
        }

        return new LocatedText(new string(characters), picked);
    }

    /// <summary>Without white space at its ends: strings.TrimSpace, which knows all of Unicode's.</summary>
    public LocatedText Trim()
    {
        var (start, end) = (0, value.Length);
        while (start < end && char.IsWhiteSpace(value[start]))
        {
            start++;
        }

        while (end > start && char.IsWhiteSpace(value[end - 1]))
        {
            end--;
        }

        return Slice(start, end - start);
    }

    public override string ToString() => value;
}

/// <summary>A run of characters of a file, counted from its first.</summary>
internal readonly record struct TextSpan(int Start, int Length)
{
    public int End => Start + Length;

    /// <summary>Line and column, both from 1.</summary>
    public (int Line, int Column) PlaceIn(string text)
    {
        var before = text.AsSpan(0, Start);
        return (before.Count('\n') + 1, Start - before.LastIndexOf('\n'));
    }
}
