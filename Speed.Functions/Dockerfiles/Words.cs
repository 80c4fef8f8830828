namespace Speed.Dockerfiles;

/// <summary>
/// The words of ARG, ENV and LABEL, which know quotes and escapes and keep them: moby/buildkit,
/// frontend/dockerfile/parser/line_parsers.go, parseWords and parseNameVal.
/// </summary>
internal static class Words
{
    public static List<Word> Cut(LocatedText text, char escape)
    {
        var words = new List<Word>();
        var word = new List<int>();
        var quote = '\0';
        for (var at = 0; at < text.Length; at++)
        {
            var current = text[at];
            if (quote == '\0' && char.IsWhiteSpace(current))
            {
                Take();
                continue;
            }

            if (quote == '\0' && current is '\'' or '"')
            {
                quote = current;
            }
            else if (current == quote)
            {
                quote = '\0';
            }
            else if (current == escape && quote != '\'')
            {
                if (at + 1 == text.Length)
                {
                    break;
                }

                word.Add(at++);
            }

            word.Add(at);
        }

        Take();
        return words;

        void Take()
        {
            if (word.Count > 0)
            {
                var picked = text.Pick(word);
                words.Add(new Word(picked.Value, picked.Span));
            }

            word.Clear();
        }
    }

    /// <summary>
    /// The pairs of an ENV in either form: <c>name=value other=value</c>, and <c>name the whole rest</c>. Null where it
    /// has neither.
    /// </summary>
    public static IReadOnlyList<(string Name, string Value)>? PairsOf(Instruction environment)
    {
        if (environment.Words is not [var first, ..])
        {
            return null;
        }

        if (!first.Text.Contains('=', StringComparison.Ordinal))
        {
            var rest = environment.Arguments.Value;
            var end = rest.AsSpan().IndexOfAny(Blanks);
            return end < 0 ? null : [(rest[..end], rest[end..].TrimStart(Blanks))];
        }

        var pairs = environment.Words.Select(word => word.Text.Split('=', 2)).ToArray();
        return pairs.All(pair => pair.Length == 2) ? [.. pairs.Select(pair => (pair[0], pair[1]))] : null;
    }

    private static readonly char[] Blanks = ['\t', '\v', '\f', '\r', ' '];
}
