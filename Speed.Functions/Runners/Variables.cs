using System.Text;

namespace Speed.Runners;

/// <summary>
/// Puts values in the place of <c>$name</c>, <c>${name}</c>, <c>${name:-word}</c> and <c>${name:+word}</c>.
/// </summary>
internal static class Variables
{
    /// <summary>
    /// Null where the text uses a form that is not known here. Quotes are taken off; a missing value is
    /// empty.
    /// </summary>
    public static string? Expand(string text, IReadOnlyDictionary<string, string> values, char escape)
    {
        var result = new StringBuilder();
        var single = false;
        for (var i = 0; i < text.Length; i++)
        {
            var current = text[i];
            if (current == '\'')
            {
                single = !single;
            }
            else if (current == escape && !single && i + 1 < text.Length)
            {
                result.Append(text[++i]);
            }
            else if (current == '$' && !single)
            {
                if (ExpandOne(text, ref i, values, escape) is not { } value)
                {
                    return null;
                }

                result.Append(value);
            }
            else if (current != '"')
            {
                result.Append(current);
            }
        }

        return result.ToString();
    }

    // Leaves the index on the last character of the variable.
    private static string? ExpandOne(string text, ref int i, IReadOnlyDictionary<string, string> values, char escape)
    {
        if (i + 1 < text.Length && text[i + 1] == '{')
        {
            var end = FindClosingBrace(text, i + 1);
            if (end < 0)
            {
                return null;
            }

            var inner = text[(i + 2)..end];
            i = end;
            return ExpandBraced(inner, values, escape);
        }

        var name = NameAt(text, i + 1);
        i += name.Length;
        return name.Length == 0 ? "$" : values.GetValueOrDefault(name, "");
    }

    private static string? ExpandBraced(string inner, IReadOnlyDictionary<string, string> values, char escape)
    {
        var name = NameAt(inner, 0);
        var rest = inner[name.Length..];
        var isSet = values.TryGetValue(name, out var value);
        var isFull = isSet && value!.Length > 0;
        return rest switch
        {
            _ when name.Length == 0 => null,
            "" => value ?? "",
            [':', '-', .. var word] => isFull ? value : Expand(word, values, escape),
            [':', '+', .. var word] => isFull ? Expand(word, values, escape) : "",
            ['-', .. var word] => isSet ? value : Expand(word, values, escape),
            ['+', .. var word] => isSet ? Expand(word, values, escape) : "",
            [':', '?', ..] or ['?', ..] => isFull ? value : null,
            _ => null,
        };
    }

    private static string NameAt(string text, int start)
    {
        var end = start;
        while (end < text.Length && (text[end] == '_' || char.IsAsciiLetter(text[end])
            || (end > start && char.IsAsciiDigit(text[end]))))
        {
            end++;
        }

        return text[start..end];
    }

    private static int FindClosingBrace(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            depth += text[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }
}
