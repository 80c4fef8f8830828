using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Speed.Dockerfiles;

/// <summary>
/// The words that stand in a JSON array: moby/buildkit, frontend/dockerfile/parser/line_parsers.go, parseJSON.
/// </summary>
internal static class JsonWords
{
    private const string Blank = " \t\r\n";

    // As deep as encoding/json of Go goes.
    private const int MaxDepth = 10_000;

    /// <param name="passesOverTextAfter">What stands behind the array is no matter.</param>
    public static (JsonForm Form, IReadOnlyList<Word> Words) Read(LocatedText text, bool passesOverTextAfter)
    {
        if (text.Length == 0 || text[0] != '[')
        {
            return (JsonForm.None, []);
        }

        var words = new List<Word>();
        var at = SkipBlank(text, 1);
        while (at < text.Length && text[at] == '"')
        {
            if (ReadString(text, ref at) is not { } word)
            {
                return (JsonForm.None, []);
            }

            words.Add(word);
            at = SkipBlank(text, at);
            if (at >= text.Length || text[at] != ',')
            {
                break;
            }

            at = SkipBlank(text, at + 1);
        }

        // A comma before the end is refused by the general rule below, as whatever else is no array of strings.
        var isArray = at < text.Length && text[at] == ']' && !EndsWithComma(text, at);
        if (isArray && (passesOverTextAfter || SkipBlank(text, at + 1) == text.Length))
        {
            return (JsonForm.Strings, words);
        }

        return (IsJson(text.Value, passesOverTextAfter) ? JsonForm.NotStrings : JsonForm.None, []);
    }

    private static bool EndsWithComma(LocatedText text, int end) => text.Value.AsSpan(0, end).TrimEnd(Blank) is [.., ','];

    private static int SkipBlank(LocatedText text, int at)
    {
        while (at < text.Length && Blank.Contains(text[at], StringComparison.Ordinal))
        {
            at++;
        }

        return at;
    }

    // Leaves the index behind the closing quote. Null where it is no string of JSON.
    private static Word? ReadString(LocatedText text, ref int at)
    {
        var start = at + 1;
        var value = new StringBuilder();
        for (at = start; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '"':
                    var inside = text.Slice(start, at - start);
                    at++;
                    return new Word(value.ToString(), inside.Length == 0 ? null : inside.Span);
                case < ' ':
                    return null;
                case '\\':
                    if (ReadEscape(text.Value, ref at) is not { } escaped)
                    {
                        return null;
                    }

                    value.Append(escaped);
                    break;
                default:
                    value.Append(text[at]);
                    break;
            }
        }

        return null;
    }

    // Leaves the index on the last character of the escape.
    private static char? ReadEscape(string text, ref int at)
    {
        if (++at >= text.Length)
        {
            return null;
        }

        if (text[at] != 'u')
        {
            return text[at] switch
            {
                '"' or '\\' or '/' => text[at],
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                _ => null,
            };
        }

        if (at + 4 >= text.Length
            || !ushort.TryParse(text.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            return null;
        }

        at += 4;
        return (char)code;
    }

    private static bool IsJson(string text, bool passesOverTextAfter)
    {
        var reader = new Utf8JsonReader(
            Encoding.UTF8.GetBytes(text), new JsonReaderOptions { MaxDepth = MaxDepth, AllowMultipleValues = passesOverTextAfter });
        try
        {
            reader.Read();
            reader.Skip();
            return passesOverTextAfter || !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

internal enum JsonForm
{
    /// <summary>No array of JSON at all.</summary>
    None,

    /// <summary>An array, and not of strings alone.</summary>
    NotStrings,

    Strings,
}
