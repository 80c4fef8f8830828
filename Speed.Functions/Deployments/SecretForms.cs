using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;

namespace Speed.Deployments;

/// <summary>The forms in which a value may come out of a program.</summary>
public static partial class SecretForms
{
    /// <summary>What is shorter, in characters, would be found everywhere.</summary>
    public const int LeastLength = 6;

    // Where programs break long lines of base64: PEM and MIME. The rest in the last line, where it is shorter than
    // this, tells little of so long a value, and looked for it would slow down the search for all others.
    private static readonly int[] Base64Columns = [64, 76];
    private const int LeastBase64Line = 12;

    // What encoders of addresses leave as it is but letters and digits, how they write a space, and their digits.
    private static readonly (string Left, string Space, string Hex)[] UrlEncoders =
    [
        ("-._~", "%20", "X2"), // RFC 3986, Uri.EscapeDataString, curl, jq, PHP's rawurlencode
        ("-._~", "%20", "x2"),
        ("-._~", "+", "X2"), // Go's QueryEscape, Python's quote_plus
        ("-._~/", "%20", "X2"), // Python's quote
        ("-._~/", "%20", "x2"),
        ("-._~!*'()", "%20", "X2"), // JavaScript's encodeURIComponent
        ("-._~!*'();,/?:@&=+$#", "%20", "X2"), // JavaScript's encodeURI
        ("-._*", "+", "X2"), // forms: URLSearchParams, Java's URLEncoder
        ("-._", "+", "X2"), // PHP's urlencode
        ("-._!*()", "+", "X2"), // .NET's WebUtility
        ("-._!*()", "+", "x2"), // .NET's HttpUtility
        ("-._~$&+,;=", "%20", "X2"), // Go's userinfo
        ("-._~$&+=:@", "%20", "X2"), // Go's PathEscape
        ("-._~$&+,/:;=@", "%20", "X2"), // Go's paths
        ("-._~!$%&'()*+,", "%20", "X2"), // WHATWG's userinfo: new URL(…) of browsers and Node
        ("-._~!$&'()*+,;=", "%20", "X2"), // RFC 3986, section 3.2.1, to the letter
    ];

    // sh_backslash_quote of bash, lib/sh/shquote.c, the table bstab: what is a quote, a separator or a pattern.
    private const string BashSpecial = " !\"$&'()*,;<>?[\\]^`{|}";

    /// <summary>
    /// The value itself and each of its lines, with and without white space around, and of all of them: base64 and
    /// base64url in the midst of any other bytes, hexadecimal, and escaped for an address, for JSON, for a shell, and for HTML and
    /// XML, as libraries do that. At most 64 of each of these texts (of a value of one line without white space around: 64 in
    /// all), but for the lines into which long base64 is broken.
    /// </summary>
    public static IEnumerable<string> Of(string value) =>
        from unit in Units(value)
        from form in new[] { unit }.Concat(Base64(unit)).Concat(Hex(unit)).Concat(Url(unit)).Concat(Json(unit)).Concat(Shell(unit))
            .Concat(Markup(unit)).Concat(Base64Lines(unit)).Distinct()
        select form;

    /// <summary>Of the forms those in base64 and base64url, whole: what may be found cut into lines.</summary>
    public static IEnumerable<string> Base64Of(string value) => Units(value).SelectMany(Base64);

    private static IEnumerable<string> Units(string value) =>
        value.Split('\n').Prepend(value).SelectMany(text => new[] { text, text.Trim() }).Distinct()
            .Where(unit => unit.Length >= LeastLength);

    private static IEnumerable<string> Hex(string text)
    {
        var hex = Convert.ToHexString(Encoding.UTF8.GetBytes(text));
        return [hex, hex.ToLowerInvariant()];
    }

    // What stands between the quotes: POSIX's single and double ones, Python's shlex, dash's (one pair of double quotes
    // around all single ones in a row, and none of the others after the last), and bash's $'…' and printf %q, which write what
    // they take for unprintable in octal.
    private static IEnumerable<string> Shell(string text) =>
    [
        text.Replace("'", @"'\''"),
        text.Replace("'", "'\"'\"'"),
        DashQuoted(text),
        Escape(text, "\"\\$`", c => $"\\{c}"),
        Escape(text, "\"\\$`!", c => $"\\{c}"),
        BashEscaped(text, beginsWord: true),
        BashEscaped(text, beginsWord: false),
        Quoted(text, isOctal: false),
        Quoted(text, isOctal: true),
    ];

    // Where the quotes are opened again does not belong to the value, and dash does not where it ends with one.
    private static string DashQuoted(string text)
    {
        var quoted = QuotesInARow().Replace(text, quotes => $"'\"{quotes.Value}\"'");
        return text.EndsWith('\'') ? quoted[..^1] : quoted;
    }

    // # and ~ mean something at the beginning of a word alone, ~ behind : and = as well.
    private static string BashEscaped(string text, bool beginsWord) => string.Concat(text.Select((c, at) =>
    {
        var isSpecial = c switch
        {
            '#' => at == 0 && beginsWord,
            '~' => at == 0 ? beginsWord : text[at - 1] is ':' or '=',
            _ => BashSpecial.Contains(c),
        };
        return isSpecial ? $"\\{c}" : c.ToString();
    }));

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
        < ' ' or (>= 0x7f and < 0xa0) => Octal(rune),
        > 0x7f when isOctal => Octal(rune),
        _ => rune.ToString(),
    }));

    private static string Octal(Rune rune) =>
        string.Concat(Encoding.UTF8.GetBytes(rune.ToString()).Select(one => $"\\{Convert.ToString(one, 8).PadLeft(3, '0')}"));

    // Libraries differ in how they write both quotes, and in whether they leave what is not ASCII.
    private static IEnumerable<string> Markup(string text)
    {
        var plain = text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
        var (python, lodash) = (Quotes("&quot;", "&#x27;"), Quotes("&quot;", "&#39;"));
        return
        [
            plain, plain.Replace("\"", "&quot;"), python, lodash, Quotes("&quot;", "&#039;"), Quotes("&quot;", "&apos;"),
            Quotes("&#34;", "&#39;"), HtmlEncoder.Default.Encode(text), WebUtility.HtmlEncode(text),
            // Mustache, Handlebars, Underscore.
            Escape(Signs("&#39;"), "/", _ => "&#x2F;"), Signs("&#x27;"), python.Replace("`", "&#x60;"),
            Ascii(lodash, value => $"&#{value};"), Ascii(plain, value => $"&#{value};"), Ascii(plain, value => $"&#x{value:X};"),
            Ascii(python, value => $"&#{value};"), Ascii(python, value => $"&#x{value:x};"),
        ];

        string Quotes(string twice, string once) => plain.Replace("\"", twice).Replace("'", once);

        // Before the quotes are, or their own = would be.
        string Signs(string once) => plain.Replace("=", "&#x3D;").Replace("`", "&#x60;").Replace("\"", "&quot;").Replace("'", once);
    }

    private static string Ascii(string text, Func<int, string> write) => string.Concat(text.EnumerateRunes()
        .Select(rune => rune.IsAscii ? rune.ToString() : write(rune.Value)));

    private static string Escape(string text, string special, Func<char, string> escape) =>
        string.Concat(text.Select(c => special.Contains(c) ? escape(c) : c.ToString()));

    private static IEnumerable<string> Base64(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Enumerable.Range(0, 3).Select(before => Base64(bytes, before)).SelectMany(BothAlphabets);
    }

    // Found where the value begins its encoding, whatever stands in front of each line.
    private static IEnumerable<string> Base64Lines(string text)
    {
        var digits = Base64(Encoding.UTF8.GetBytes(text), bytesBefore: 0);
        return Base64Columns.Where(columns => columns < digits.Length).SelectMany(columns => digits.Chunk(columns))
            .Where(line => line.Length >= LeastBase64Line)
            .SelectMany(line => BothAlphabets(new string(line)));
    }

    private static string[] BothAlphabets(string digits) => [digits, digits.Replace('+', '-').Replace('/', '_')];

    // A digit of base64 has six bits. Those at the borders have bits of the neighbors, too.
    private static string Base64(byte[] bytes, int bytesBefore)
    {
        var first = ((8 * bytesBefore) + 5) / 6;
        var end = 8 * (bytesBefore + bytes.Length) / 6;
        return Convert.ToBase64String([.. new byte[bytesBefore], .. bytes])[first..end];
    }

    private static IEnumerable<string> Url(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return UrlEncoders.Select(encoder => string.Concat(bytes.Select(one => (char)one switch
        {
            ' ' => encoder.Space,
            var c when char.IsAsciiLetterOrDigit(c) || encoder.Left.Contains(c) => c.ToString(),
            _ => $"%{one.ToString(encoder.Hex, CultureInfo.InvariantCulture)}",
        }))).Append(UrlEncoder.Default.Encode(text));
    }

    private static IEnumerable<string> Json(string text)
    {
        var (plain, ascii) = (Json(text, escaped: "", asciiOnly: false), Json(text, escaped: "", asciiOnly: true));
        var (php, phpAscii) = (Json(text, PhpEscaped, asciiOnly: false), Json(text, PhpEscaped, asciiOnly: true));
        return
        [
            JavaScriptEncoder.Default.Encode(text), plain, ascii, Slashes(plain), Slashes(ascii),
            Json(text, escaped: "<>&", asciiOnly: false), // Go
            Json(text, escaped: "<>&'=", asciiOnly: false), // Gson
            Json(text, escaped: "<>&'", asciiOnly: true), // Flask
            Json(text, escaped: "", asciiOnly: true, "X4"), // Jackson
            php, phpAscii, Slashes(php), Slashes(phpAscii),
        ];

        string Slashes(string json) => json.Replace("/", "\\/");
    }

    // Its JSON_HEX_TAG, _AMP, _APOS and _QUOT write upper-case digits, and what is not ASCII it writes in lower-case ones.
    private const string PhpEscaped = "<>&'\"";

    private static string Json(string text, string escaped, bool asciiOnly, string hex = "x4") => string.Concat(text.Select(c => c switch
    {
        '"' when escaped != PhpEscaped => "\\\"",
        '\\' => @"\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        _ when c < ' ' || (asciiOnly && c > '~') || (escaped.Contains(c) && escaped != PhpEscaped) =>
            $"\\u{((int)c).ToString(hex, CultureInfo.InvariantCulture)}",
        _ when escaped.Contains(c) => $"\\u{(int)c:X4}",
        _ => c.ToString(),
    }));

    [GeneratedRegex("'+")]
    private static partial Regex QuotesInARow();
}
