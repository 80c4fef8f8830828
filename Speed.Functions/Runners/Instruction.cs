namespace Speed.Runners;

/// <summary>One instruction of a Dockerfile, its continuation lines joined.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Keyword">In upper case.</param>
/// <param name="Flags">
/// What stands before the arguments as <c>--name=value</c>; the value is empty where there is none.
/// </param>
/// <param name="HasHereDocument">True if lines of their own followed it.</param>
internal sealed record Instruction(
    int Line, string Keyword, IReadOnlyList<(string Name, string Value)> Flags, string Arguments, bool HasHereDocument)
{
    public static Instruction Parse(string text, int line, bool hasHereDocument = false)
    {
        var (keyword, rest) = CutWord(text);
        var flags = new List<(string, string)>();
        while (rest.StartsWith("--", StringComparison.Ordinal))
        {
            (var flag, rest) = CutWord(rest);
            var equals = flag.IndexOf('=', StringComparison.Ordinal);
            flags.Add(equals < 0 ? (flag[2..], "") : (flag[2..equals], flag[(equals + 1)..].Trim('"', '\'')));
        }

        return new Instruction(line, keyword.ToUpperInvariant(), flags, rest, hasHereDocument);
    }

    /// <summary>Null where the flag is not given.</summary>
    public string? Flag(string name) =>
        Flags.Where(flag => flag.Name == name).Select(flag => flag.Value).LastOrDefault();

    /// <summary>The instruction that an ONBUILD holds back; otherwise this one.</summary>
    public Instruction Triggered() => Keyword == "ONBUILD" ? Parse(Arguments, Line, HasHereDocument) : this;

    /// <summary>The arguments cut at white space outside of quotes; quotes are kept.</summary>
    public IEnumerable<string> Words()
    {
        var rest = Arguments;
        while (rest.Length > 0)
        {
            (var word, rest) = CutWord(rest);
            yield return word;
        }
    }

    private static (string Word, string Tail) CutWord(string text)
    {
        text = text.TrimStart();
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            if (quote == '\0' && char.IsWhiteSpace(text[i]))
            {
                return (text[..i], text[i..].TrimStart());
            }

            quote = (text[i], quote) switch
            {
                ('"' or '\'', '\0') => text[i],
                var (current, open) when current == open => '\0',
                _ => quote,
            };
        }

        return (text, "");
    }
}
