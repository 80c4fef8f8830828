using System.Text;
using CsCheck;

namespace Speed.Tests.Fuzz;

/// <summary>What nobody should send, and somebody will.</summary>
internal static class Odd
{
    /// <summary>Stands for a byte that is in no UTF-8.</summary>
    public const char BadByte = '\uE002';

    private static readonly string[] JsonTexts =
    [
        "null", "true", "[]", "{}", "0", "-1", "-0", "1.0", "1.5", "1e3", "1e999", "-1e-999", "9223372036854775807",
        "9223372036854775808", "-9223372036854775809", new('9', 400), "2147483648", "NaN", "01", "\"\"", "\" \"", "\"0\"", "\"1\"",
        "\"true\"", "\"null\"", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud83d\\ude00\"", "\"é😀\"",
        "\"\\ufeff\"", "\"\\u202e\"", "\"\\u001b[31m\"", "\"\\r\\n\"", "\"\\uffff\"", "\"../../etc/passwd\"", "\"'; DROP TABLE deployment;--\"",
        "\"%\"", "\"*\"", "\"%s%n{0}\"", "\"${A}$(id)`id`\"", "\"-x\"", "\"a b\"", "[null]", "[[]]", "[\"a\",\"a\"]", "[1,\"a\",{}]", "{\"a\":1}",
        "{\"\":\"\"}", "{\"a\":\"b\",\"a\":\"c\"}", "{\"a\\u0000\":\"b\"}", $"\"a\nb\"", $"\"{BadByte}\"", "\"" + new string('x', 300) + "\"",
        "\"" + new string('é', 5_000) + "\"", "\"" + new string('x', 70_000) + "\"", Nested(10), Nested(17), Nested(40),
        "[" + string.Join(',', Enumerable.Range(0, 200)) + "]", "\"https://[::1\"", "\"https://git.example.invalid:99999/a\"",
        "\"https://xn--0.example.invalid/a\"", "\"https://git.example.invalid/%00\"", "\"9999-99-99T99:99:99Z\"",
    ];

    private static readonly string[] BodyTexts =
    [
        "", " ", "{", "}", "[", "{}", "[]", "null", "\"\"", "0", "{\"a\"}", "{\"a\":}", "{,}", "{\"a\":1,}", "{}{}", "{} x", "/**/{}", "\uFEFF{}",
        "{'a':1}", "{\"a\":1}\0", "payload=%7B%7D", "payload=", "payload=%", "a=b&payload={}", $"{{\"url\":\"{BadByte}\"}}", "\0\0\0\0",
        Nested(5_000), new('[', 50_000), "{\"url\":\"" + new string('x', 1024 * 1024) + "\"}",
        "{" + string.Join(',', Enumerable.Range(0, 2_000).Select(i => $"\"m{i}\":{i}")) + "}",
    ];

    private static readonly string[] Texts =
    [
        "", "0", "-1", "1", "99", "+1", "1.5", "1e3", "x", "9223372036854775807", "9223372036854775808", "99999999999999999999", " ", "a b", "a/b",
        "..", ".", "../../etc/passwd", "\0", "a\0b", "\n", "\u001b", "é", "😀", "\uFFFD", "\u202E", "*", "**", "%", "%zz", "'", "\"", "<b>", "null",
        "true", "True", ";", "--", "a,b", "?", "#", "&", "=", "\\", ":", "~", "$(id)", "{0}", new('x', 300), new('9', 500), new('*', 200),
        string.Concat(Enumerable.Repeat("a*", 100)), $"{BadByte}",
    ];

    /// <summary>JSON values of all kinds, and some that are no JSON.</summary>
    public static Gen<string> Json { get; } = Gen.OneOf(JsonTexts);

    /// <summary>Whole bodies.</summary>
    public static Gen<string> Bodies { get; } = Gen.OneOf(BodyTexts);

    /// <summary>For paths and queries, not yet encoded.</summary>
    public static Gen<string> Text { get; } = Gen.Frequency((9, Gen.OneOf(Texts)), (1, Gen.String));

    /// <summary>Values that a header can carry.</summary>
    public static Gen<string> Header { get; } = Gen.OneOf(
        "", "0", "-1", "1", "99", "x", "9223372036854775808", "*", "*/*", "W/\"1\"", "\"1\"", "W/\"", "W/\"99\", W/\"1\"", ",", ",,,", ";", "q=;", "*/*;q=x",
        "text/event-stream;q=0.1, text/plain;q=1", "application/x-ndjson", "text/event-stream", "application/json; charset=\"utf-8\"", "\"", "a\tb",
        "\u00e9", "\u00ff\u00fe", "xn--0", "xn--a-\u0080.example.invalid", "[::1", "[::1]:x", "127.0.0.1", "::1%lo", "10.0.0.1, 127.0.0.1",
        "localhost:99999", "https://localhost", "null", "bytes=0-", "100-continue", "gzip", "Bearer", "Basic eDp5", new('x', 129), new('x', 256), new('x', 4_000));

    /// <summary>As UTF-8; what stands for bad bytes becomes some.</summary>
    public static byte[] ToBytes(string text)
    {
        // U+E002 is EE 80 82.
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var i = 0; i + 2 < bytes.Length; i++)
        {
            if (bytes[i] == 0xEE && bytes[i + 1] == 0x80 && bytes[i + 2] == 0x82)
            {
                bytes[i] = 0xFF;
            }
        }

        return bytes;
    }

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);
}
