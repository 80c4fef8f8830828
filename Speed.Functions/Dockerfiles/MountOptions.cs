namespace Speed.Dockerfiles;

/// <summary>
/// The fields of a <c>--mount</c>, which are those of a CSV record: moby/buildkit,
/// frontend/dockerfile/instructions/commands_runmount.go, parseMount.
/// </summary>
internal static class MountOptions
{
    /// <summary>Null where it is no record: quotes are open, or stand where they mean nothing.</summary>
    public static IReadOnlyList<(string Key, LocatedText Value)>? Read(LocatedText text)
    {
        var fields = new List<(string, LocatedText)>();
        for (var at = 0; at <= text.Length; at++)
        {
            if (ReadField(text, ref at) is not { } field)
            {
                return null;
            }

            var equals = field.Value.IndexOf('=', StringComparison.Ordinal);
            fields.Add(equals < 0
                ? (field.Value.ToLowerInvariant(), LocatedText.Empty)
                : (field.Value[..equals].ToLowerInvariant(), field.From(equals + 1)));
        }

        return fields;
    }

    // Leaves the index on the comma behind it, or behind the text.
    private static LocatedText? ReadField(LocatedText text, ref int at)
    {
        var start = at;
        if (at == text.Length || text[at] != '"')
        {
            while (at < text.Length && text[at] != ',')
            {
                if (text[at++] == '"')
                {
                    return null;
                }
            }

            return text.Slice(start, at - start);
        }

        var inside = new List<int>();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '"')
            {
                inside.Add(at);
            }
            else if (at + 1 < text.Length && text[at + 1] == '"')
            {
                inside.Add(++at);
            }
            else
            {
                at++;
                return at == text.Length || text[at] == ',' ? text.Pick(inside) : null;
            }
        }

        return null;
    }
}
