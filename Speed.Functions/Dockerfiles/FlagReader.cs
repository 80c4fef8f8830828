namespace Speed.Dockerfiles;

/// <summary>
/// Cuts off what begins with <c>--</c>: moby/buildkit, frontend/dockerfile/parser/split_command.go,
/// extractBuilderFlags.
/// </summary>
internal static class FlagReader
{
    private enum Phase
    {
        Blanks,
        Word,
        Quote,
    }

    /// <returns>AreUnclear: characters beyond ASCII stand in them.</returns>
    public static (IReadOnlyList<Flag> Flags, bool AreUnclear, LocatedText Arguments) Read(LocatedText text, char escape)
    {
        var flags = new List<Flag>();
        var word = new List<int>();
        var (phase, quote, isUnclear) = (Phase.Blanks, '\0', false);
        for (var at = 0; at < text.Length; at++)
        {
            var current = text[at];
            if (phase == Phase.Blanks)
            {
                if (IsBlank(current))
                {
                    continue;
                }

                if (current != '-' || at + 1 == text.Length || text[at + 1] != '-')
                {
                    return (flags, isUnclear, text.From(at));
                }

                phase = Phase.Word;
            }

            isUnclear |= !char.IsAscii(current);
            if (phase == Phase.Word && IsBlank(current))
            {
                if (Take(flags, text.Pick(word)))
                {
                    return (flags, isUnclear, text.From(at));
                }

                word.Clear();
                phase = Phase.Blanks;
            }
            else if (phase == Phase.Word && current is '\'' or '"')
            {
                (phase, quote) = (Phase.Quote, current);
            }
            else if (phase == Phase.Quote && current == quote)
            {
                phase = Phase.Word;
            }
            else if (current != escape)
            {
                word.Add(at);
            }
            else if (at + 1 < text.Length)
            {
                word.Add(++at);
                isUnclear |= !char.IsAscii(text[at]);
            }
        }

        Take(flags, text.Pick(word));
        return (flags, isUnclear, LocatedText.Empty);
    }

    // True for the two signs alone, which end the flags.
    private static bool Take(List<Flag> flags, LocatedText word)
    {
        if (word.Length <= 2)
        {
            return word.Length == 2;
        }

        var equals = word.Value.IndexOf('=', StringComparison.Ordinal);
        flags.Add(equals < 0
            ? new Flag(word.Value[2..], null)
            : new Flag(word.Value[2..equals], word.From(equals + 1)));
        return false;
    }

    private static bool IsBlank(char character) => character is ' ' or '\t' or '\n' or '\v' or '\f' or '\r';
}
