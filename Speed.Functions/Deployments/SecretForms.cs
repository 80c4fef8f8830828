using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;

namespace Speed.Deployments;

/// <summary>The forms in which a value may come out of a program.</summary>
public static class SecretForms
{
    /// <summary>What is shorter, in characters, would be found everywhere.</summary>
    public const int LeastLength = 6;

    // Where programs break long lines of base64: PEM and MIME. The rest in the last line, where it is shorter than
    // this, tells little of so long a value, and looked for it would slow down the search for all others.
    private static readonly int[] Base64Columns = [64, 76];
    private const int LeastBase64Line = 12;

    // What encoders of addresses leave as it is: RFC 3986, JavaScript's, Python's, and that of forms.
    private static readonly string[] UrlLeft = ["-._~", "-._~!*'()", "-._~/", "-._*"];
    private static readonly string[] UrlSpaces = ["%20", "+"];
    private static readonly string[] HexDigits = ["X2", "x2"];

    // What a shell takes for more than itself outside of quotes.
    private const string ShellSpecial = " !\"#$%&'()*,;<>?@[\\]^`{|}~";

    /// <summary>
    /// The value itself and each of its lines, with and without white space around, and of all of them: base64 and
    /// base64url in the midst of any other bytes, hexadecimal, and escaped for an address, for JSON, for a shell, and for HTML and
    /// XML. At most 64 of each, but for the lines into which long base64 is broken.
    /// </summary>
    public static IEnumerable<string> Of(string value) =>
        from unit in value.Split('\n').Prepend(value).SelectMany(text => new[] { text, text.Trim() }).Distinct()
        where unit.Length >= LeastLength
        from form in new[] { unit }.Concat(Base64(unit)).Concat(Url(unit)).Concat(Json(unit)).Concat(Shell(unit))
            .Concat(Markup(unit)).Concat(Hex(unit)).Distinct()
        select form;

    private static IEnumerable<string> Hex(string text)
    {
        var hex = Convert.ToHexString(Encoding.UTF8.GetBytes(text));
        return [hex, hex.ToLowerInvariant()];
    }

    // What stands between the quotes: POSIX's single and double ones, Python's shlex, and bash's $'…' and printf %q,
    // which write what they take for unprintable in octal.
    private static IEnumerable<string> Shell(string text) =>
    [
        text.Replace("'", @"'\''"),
        text.Replace("'", "'\"'\"'"),
        Escape(text, "\"\\$`", c => $"\\{c}"),
        Escape(text, "\"\\$`!", c => $"\\{c}"),
        Escape(text, ShellSpecial, c => $"\\{c}"),
        Quoted(text, isOctal: false),
        Quoted(text, isOctal: true),
    ];

    private static string Quoted(string text, bool isOctal) => string.Concat(text.EnumerateRunes().Select(rune => rune.Value switch
    {
        '\'' => @"\'",
        '\\' => @"\\",
        '\a' => @"\a",
        '\b' => @"\b",
        '\x1b' => @"\E",
        '\f' => @"\f",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\v' => @"\v",
        < ' ' or 0x7f => Octal(rune),
        > 0x7f when isOctal => Octal(rune),
        _ => rune.ToString(),
    }));

    private static string Octal(Rune rune) =>
        string.Concat(Encoding.UTF8.GetBytes(rune.ToString()).Select(one => $"\\{Convert.ToString(one, 8).PadLeft(3, '0')}"));

    // Libraries differ in how they write both quotes, and in whether they leave what is not ASCII.
    private static IEnumerable<string> Markup(string text)
    {
        var plain = text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
        var quoted = Quotes("&quot;", "&#x27;");
        return
        [
            plain, plain.Replace("\"", "&quot;"), quoted, Quotes("&quot;", "&#39;"), Quotes("&quot;", "&#039;"), Quotes("&quot;", "&apos;"),
            Quotes("&#34;", "&#39;"), HtmlEncoder.Default.Encode(text), WebUtility.HtmlEncode(text), Ascii(Quotes("&quot;", "&#39;"), value => $"&#{value};"),
            .. from escaped in new[] { plain, quoted }
               from write in new Func<int, string>[] { value => $"&#{value};", value => $"&#x{value:X};", value => $"&#x{value:x};" }
               select Ascii(escaped, write),
        ];

        string Quotes(string twice, string once) => plain.Replace("\"", twice).Replace("'", once);
    }

    private static string Ascii(string text, Func<int, string> write) => string.Concat(text.EnumerateRunes()
        .Select(rune => rune.IsAscii ? rune.ToString() : write(rune.Value)));

    private static string Escape(string text, string special, Func<char, string> escape) =>
        string.Concat(text.Select(c => special.Contains(c) ? escape(c) : c.ToString()));

    private static IEnumerable<string> Base64(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var before = 0; before < 3; before++)
        {
            foreach (var line in Base64(bytes, before))
            {
                yield return line;
                yield return line.Replace('+', '-').Replace('/', '_');
            }
        }
    }

    // A digit of base64 has six bits. Those at the borders have bits of the neighbors, too.
    private static IEnumerable<string> Base64(byte[] bytes, int bytesBefore)
    {
        var first = ((8 * bytesBefore) + 5) / 6;
        var end = 8 * (bytesBefore + bytes.Length) / 6;
        var digits = Convert.ToBase64String([.. new byte[bytesBefore], .. bytes])[first..end];
        var lines = bytesBefore > 0
            ? []
            : Base64Columns.Where(columns => columns < end).SelectMany(columns => digits.Chunk(columns));
        return lines.Where(line => line.Length >= LeastBase64Line).Select(line => new string(line)).Prepend(digits);
    }

    private static IEnumerable<string> Url(string text) =>
        from left in UrlLeft
        from space in UrlSpaces
        from hex in HexDigits
        select string.Concat(Encoding.UTF8.GetBytes(text).Select(one => (char)one switch
        {
            ' ' => space,
            var c when char.IsAsciiLetterOrDigit(c) || left.Contains(c) => c.ToString(),
            _ => $"%{one.ToString(hex, CultureInfo.InvariantCulture)}",
        }));

    private static IEnumerable<string> Json(string text) =>
    [
        JavaScriptEncoder.Default.Encode(text),
        Json(text, escaped: "", asciiOnly: false),
        Json(text, escaped: "<>&", asciiOnly: false),
        Json(text, escaped: "", asciiOnly: true),
        Json(text, escaped: "", asciiOnly: false).Replace("/", "\\/"),
        Json(text, escaped: "", asciiOnly: true).Replace("/", "\\/"),
        Json(text, escaped: "", asciiOnly: true, "X4"),
        Json(text, escaped: "<>&", asciiOnly: true),
        Json(text, escaped: "<>&'", asciiOnly: true, "X4").Replace("/", "\\/"),
    ];

    private static string Json(string text, string escaped, bool asciiOnly, string hex = "x4") => string.Concat(text.Select(c => c switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        _ when c < ' ' || escaped.Contains(c) || (asciiOnly && c > '~') =>
            $"\\u{((int)c).ToString(hex, CultureInfo.InvariantCulture)}",
        _ => c.ToString(),
    }));
}
