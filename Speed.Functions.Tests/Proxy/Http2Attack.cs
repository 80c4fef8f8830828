using System.Buffers.Binary;
using System.Text;

namespace Speed.Tests.Proxy;

/// <summary>
/// The frames of one HTTP/2 client that means harm, from a seed: what a proxy that writes them down as HTTP/1.1 must not
/// let through (RFC 9113, 8.2 and 10.3). Fields are written as literals without an index (RFC 7541, 6.2.2).
/// </summary>
internal static class Http2Attack
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;

    private const string Hidden =
        $"GET /hidden HTTP/1.1\r\nHost: app-main.localhost\r\nX-Forwarded-For: {RecordingService.Claim}\r\n\r\n";

    private static readonly string[] Methods = ["GET", "POST", "POST", "PUT", "GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.66\r\nX: ", "CONNECT", "PO ST", "", "get"];

    private static readonly string[] Paths =
    [
        "/", "/x?y", "/ HTTP/1.1\r\nX-Forwarded-For: 203.0.113.66\r\nX: y", "/ HTTP/1.1\r\n\r\nGET /hidden", "", "x", "*", "/a b", "/a\tb", "/a#b", "//other-main.localhost/",
        "http://other-main.localhost/", "/\u00ff", "/a\0b",
    ];

    private static readonly string[] Authorities =
        ["{own}", "{other}", "{own}\r\nHost: {other}", "{own}:99999", "", "{own}@{other}", "{own}/{other}", "{own} {other}", "{own},{other}", "-", "{OWN}"];

    private static readonly (string Name, string Value)[] Fields =
    [
        ("host", "{other}"), ("host", "{own}"), ("content-length", "0"), ("content-length", "3"), ("content-length", "9999"), ("content-length", "+5"),
        ("content-length", "{all}"), ("transfer-encoding", "chunked"), ("transfer-encoding", "identity"), ("transfer_encoding", "chunked"), ("connection", "x-forwarded-for"),
        ("connection", "close"), ("keep-alive", "1"), ("proxy-connection", "close"), ("upgrade", "websocket"), ("te", "trailers, chunked"), ("te", "trailers"),
        ("x", "y\r\nTransfer-Encoding: chunked"), ("x", "y\nX-Forwarded-For: 203.0.113.66"), ("x", "y\rX-Forwarded-For: 203.0.113.66"), ("x", "a\0b"),
        ("x: y\r\nx-forwarded-for", "203.0.113.66"), ("x:y", "z"), ("x y", "z"), ("X-Upper", "z"), ("", "z"), ("x-forwarded-for", "203.0.113.66"),
        ("x_forwarded_for", "203.0.113.66"), ("x-forwarded-host", "203.0.113.66"), ("forwarded", "for=203.0.113.66"), ("x-real-ip", "203.0.113.66"),
        ("cookie", "a=1"), ("cookie", "speed_session=the-session-of-SPEED"), ("cookie", "b=2; speed_session=the-session-of-SPEED"),
        ("expect", "100-continue"), (":path", "/again"), (":authority", "{other}"), (":odd", "x"), ("trailer", "x-forwarded-for"), ("x-\u00e9", "z"), ("x", " y "),
    ];

    /// <summary>Begins the connection, and asks once on its first stream.</summary>
    public static byte[] Write(int seed, string own, string other)
    {
        var random = new Random(seed);
        var bytes = new List<byte>(Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        Frame(bytes, Settings, 0, 0, []);
        // One of the pseudo-fields is odd, or none.
        var odd = random.Next(6);
        var hasBody = random.Next(2) == 0;
        var fields = new List<(string Name, string Value)>
        {
            (":method", odd == 0 ? Pick(random, Methods) : hasBody ? "POST" : "GET"),
            (":scheme", odd == 1 ? Pick(random, "http", "https://x", "", "https\r\nX: y") : "https"),
            (":path", odd == 2 ? Pick(random, Paths) : "/"),
        };
        var authority = odd == 3 ? Pick(random, Authorities) : "{own}";
        if (authority != "-")
        {
            fields.Add((":authority", authority));
        }

        for (var more = random.Next(4); more > 0; more--)
        {
            fields.Add(Fields[random.Next(Fields.Length)]);
        }

        Frame(bytes, Headers, (byte)(EndHeaders | (hasBody ? 0 : EndStream)), 1, Written(fields));
        if (hasBody)
        {
            var body = Pick(random, Hidden, $"0\r\n\r\n{Hidden}", $"{Hidden.Length:x}\r\n{Hidden}\r\n0\r\n\r\n", "abc");
            var hasTrailers = random.Next(4) == 0;
            Frame(bytes, Data, (byte)(hasTrailers ? 0 : EndStream), 1, Encoding.Latin1.GetBytes(body));
            if (hasTrailers)
            {
                Frame(bytes, Headers, EndHeaders | EndStream, 1, Written([Fields[random.Next(Fields.Length)]]));
            }
        }

        return [.. bytes];

        byte[] Written(IEnumerable<(string Name, string Value)> list) =>
            [.. list.SelectMany(field => (byte[])[0, .. Literal(Filled(field.Name)), .. Literal(Filled(field.Value))])];

        string Filled(string form) => form.Replace("{own}", own, StringComparison.Ordinal)
            .Replace("{OWN}", own.ToUpperInvariant(), StringComparison.Ordinal)
            .Replace("{other}", other, StringComparison.Ordinal)
            .Replace("{all}", $"{Hidden.Length}", StringComparison.Ordinal);
    }

    /// <summary>Reads to the end of the answer, or of the connection; whether there was an answer.</summary>
    public static async Task<bool> IsAnsweredAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[9];
        var hasHeaders = false;
        while (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken) == head.Length)
        {
            var length = (head[0] << 16) | (head[1] << 8) | head[2];
            await stream.ReadExactlyAsync(new byte[length], cancellationToken);
            var stream1 = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) == 1;
            hasHeaders |= stream1 && head[3] == Headers;
            const byte Reset = 3;
            const byte GoAway = 7;
            if (head[3] == GoAway || (stream1 && (head[3] == Reset || (head[4] & EndStream) != 0)))
            {
                break;
            }
        }

        return hasHeaders;
    }

    private static void Frame(List<byte> bytes, byte type, byte flags, int stream, byte[] payload)
    {
        bytes.AddRange([(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags]);
        bytes.AddRange([0, 0, 0, (byte)stream]);
        bytes.AddRange(payload);
    }

    // None is as long as the 127 bytes from which on the length would take more than one.
    private static byte[] Literal(string text) =>
        text.Length < 127 ? [(byte)text.Length, .. Encoding.Latin1.GetBytes(text)] : throw new ArgumentException(text, nameof(text));

    private static string Pick(Random random, params string[] from) => from[random.Next(from.Length)];
}
