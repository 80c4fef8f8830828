using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Speed.Cli;

/// <summary>
/// Text of others, made fit for a terminal: control characters are shown, not obeyed, and so are those that turn the
/// direction of writing, for they make text read as what it is not.
/// </summary>
internal static partial class Printable
{
    private const string Reset = "\e[0m";

    /// <summary>Line feeds and tabs stay.</summary>
    public static string Text(string text) => Show(text);

    /// <summary>Colors stay too, where there are colors, and end with the text.</summary>
    public static string Log(string text, bool hasColors)
    {
        if (!text.Contains('\e'))
        {
            return Show(text);
        }

        var shown = new StringBuilder();
        var from = 0;
        foreach (var color in Color().EnumerateMatches(text))
        {
            shown.Append(Show(text[from..color.Index]));
            shown.Append(hasColors ? text.AsSpan(color.Index, color.Length) : []);
            from = color.Index + color.Length;
        }

        shown.Append(Show(text[from..]));
        return hasColors && from > 0 ? shown.Append(Reset).ToString() : shown.ToString();
    }

    /// <summary>A document of JSON that stays one: the characters are escaped as it does.</summary>
    public static string Json(string text) => text.Any(IsCommand)
        ? string.Concat(text.Select(c => IsCommand(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : $"{c}"))
        : text;

    private static string Show(string text)
    {
        if (!text.Any(IsCommand))
        {
            return text;
        }

        var shown = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = (IsCommand(c), c) switch
            {
                (false, _) => shown.Append(c),
                (_, < ' ') => shown.Append('^').Append((char)(c + '@')),
                (_, '\x7f') => shown.Append("^?"),
                _ => shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            };
        }

        return shown.ToString();
    }

    private static bool IsCommand(char c) => (char.IsControl(c) && c is not ('\n' or '\t')) || TurnsDirection(c);

    // Unicode Standard Annex #9, table 3: explicit formatting characters.
    private static bool TurnsDirection(char c) =>
        c is '\u061c' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    [GeneratedRegex(@"\x1b\[[0-9;:]*m")]
    private static partial Regex Color();
}
