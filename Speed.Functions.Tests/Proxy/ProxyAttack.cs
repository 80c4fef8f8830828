using System.Text;

namespace Speed.Tests.Proxy;

/// <summary>
/// The bytes of one client that means harm, from a seed: requests whose end, host or origin two readers could see
/// otherwise, each with another request hidden in what may be its body.
/// </summary>
internal static class ProxyAttack
{
    private static readonly string[] Methods =
        ["GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE", "get", "CONNECT", "TRACE", "PO ST", "GET\t", "\rGET", "X-\u00ff", ""];

    private static readonly string[] Versions =
        ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", "HTTP/0.9", "HTTP/01.1", ""];

    private static readonly string[] Targets =
    [
        "/", "/a?b=c", "//other-main.localhost/", "/../../x", "/%2e%2e/%00", "/a\\b", "/a#b", "/a b", "/\u00ff", "/a\0b", "*", "",
        "http://app-main.localhost/x", "http://other-main.localhost/x", "http://app-main.localhost:80@other-main.localhost/",
        "https://app-main.localhost/", "app-main.localhost:80", "/a\tHTTP/1.1", "/a HTTP/1.1\r\nX-Forwarded-For: 203.0.113.66",
        "/%0d%0aX:%20y", "http:///x", "/;a=b", "/?\u00e9",
    ];

    private static readonly string[] Hosts =
    [
        "Host: {own}", "Host: {own}", "Host: {own}", "Host: {own}", "Host: {own}:8080", "host:{own}", "HOST:\t{own}\t", "Host : {own}", "",
        "Host: {own}\r\nHost: {other}", "Host: {other}\r\nHost: {own}", "Host: {own}\r\nHost: {own}", "Host: {own}, {other}", "Host: {own} {other}",
        "Host: {own}\r\n {other}", " Host: {other}\r\nHost: {own}", "Host: {own}@{other}", "Host: {own}:99999", "Host: {own}:", "Host: {own}/x",
        "Host: {own}#{other}", "Host: {own}\0{other}", "Host:\r\n {own}", "Host: [::1]", "Host: {own}.", "Host: {own}%00", "Host: ", "Host_: {other}\r\nHost: {own}",
        "X-Host: {other}\r\nHost: {own}", "Host: {own}\nHost: {other}", "Host: {own}\rHost: {other}", "H\u00f6st: {other}\r\nHost: {own}",
        "Host: {OWN}", "Host: \u00ff", "Host: {own}:80:80", "Host: {own}\\{other}",
    ];

    private static readonly string[] Framings =
    [
        "", "", "Content-Length: {all}", "Content-Length: {all}", "Content-Length: 0", "Content-Length: {half}", "Content-Length: +{all}", "Content-Length: -1",
        "Content-Length: 0x10", "Content-Length: {all}, {all}", "Content-Length: 0, {all}", "Content-Length: {all}\r\nContent-Length: {all}",
        "Content-Length: 0\r\nContent-Length: {all}", "Content-Length: {all}\r\nContent-Length: 0", "Content-Length : {all}", "Content-Length:\r\n {all}",
        "Content_Length: 0\r\nContent-Length: {all}", "Content-Length: {all}.0", "Content-Length: 18446744073709551617", "Content-Length: \u00b2", "Content-Length: {all}\0",
        "Content-Length: 00{all}", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", "Transfer-Encoding: CHUNKED",
        "Transfer-Encoding : chunked", "Transfer-Encoding:\tchunked\t", "Transfer-Encoding:\u000bchunked", "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked",
        "Transfer_Encoding: chunked", "X: y\r\n Transfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: {half}", "Content-Length: {all}\r\nTransfer-Encoding: chunked", "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Content-Length: {all}\r\nTransfer-Encoding: xchunked", "Content-Length: {all}\r\nTransfer_Encoding: chunked", "Transfer-Encoding: chunked;q=1", "TE: trailers, chunked",
        "Expect: 100-continue\r\nContent-Length: {all}", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 777\r\nContent-Length: {all}",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    ];

    private static readonly string[] Extras =
    [
        "", "", "X-Forwarded-For: {claim}", "x_forwarded_for: {claim}", "X-FORWARDED-FOR: {claim}\r\nX-Forwarded-For: {claim}", "X-Forwarded-For : {claim}", "X-Forwarded-For\0: {claim}",
        "X-Forwarded-Host: {claim}\r\nX-Forwarded-Proto: {claim}", "Forwarded: for={claim}", "X-Real-IP: {claim}\r\nTrue_Client_IP: {claim}", "CF-Connecting-IP: {claim}",
        "Connection: X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Host\r\nX-Forwarded-For: {claim}", "Connection: close, X-Forwarded-For", "Connection: Cookie, Content-Length, Transfer-Encoding",
        "Proxy-Connection: X-Forwarded-For", "Keep-Alive: X-Forwarded-For", "Cookie: a=1; speed_session={session}; b=2", "Cookie: speed_session={session}",
        "Cookie: a=1\r\nCookie: speed_session={session}", "cookie:a=1;speed_session={session}", "Cookie: speed_session ={session}", "Cookie: speed_session={session}; speed_session={session}x",
        "X: {bell}", "X-Long: {long}", "\u00e9: 1", "X-Y\u00e9: 1", ": empty", "X-Original-URL: /x", "X-Rewrite-URL: /x", "X-HTTP-Method-Override: DELETE", "Max-Forwards: 0", "Trailer: X-Forwarded-For",
    ];

    private static readonly string[] Chunks =
    [
        "{size}\r\n{hidden}\r\n0\r\n\r\n", "{size}\r\n{hidden}\r\n0\r\n\r\n", "{size};a=b\r\n{hidden}\r\n0\r\n\r\n", "{size};a=\"\r\n\r\n\"\r\n{hidden}\r\n0\r\n\r\n", "{size} \r\n{hidden}\r\n0\r\n\r\n",
        "0x{size}\r\n{hidden}\r\n0\r\n\r\n", "+{size}\r\n{hidden}\r\n0\r\n\r\n", "000000000{size}\r\n{hidden}\r\n0\r\n\r\n", "1{size16}\r\n{hidden}\r\n0\r\n\r\n", "{size}\n{hidden}\n0\n\n",
        "{size}\r{hidden}\r0\r\r", "{size}\r\n{hidden}0\r\n\r\n", "{size}\r\n{hidden}XX0\r\n\r\n", "0\r\n\r\n{hidden}", "0\r\nX-Forwarded-For: {claim}\r\nHost: {other}\r\nContent-Length: 5\r\n\r\n{hidden}",
        "0\r\nX: y\n\r\n{hidden}", "0;\r\n\r\n{hidden}", "-1\r\n{hidden}\r\n0\r\n\r\n", "\r\n0\r\n\r\n{hidden}", "{size}\r\n{hidden}\r\n0\r\n{hidden}", "{size};\n{hidden}\r\n0\r\n\r\n", "ffffffff\r\n{hidden}",
        "{size}\r\n{hidden}\r\n0",
    ];

    /// <summary>One to three requests, and an honest one behind them that ends the connection.</summary>
    public static byte[] Write(int seed, string own, string other)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var requests = random.Next(1, 4); requests > 0; requests--)
        {
            text.Append(One(random, own, other));
        }

        text.Append($"GET /last-{seed} HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n");
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static string One(Random random, string own, string other)
    {
        var hidden = $"GET /hidden HTTP/1.1\r\nHost: {Pick(random, own, other)}\r\nX-Forwarded-For: {RecordingService.Claim}\r\n"
            + $"Cookie: speed_session={RecordingService.Session}\r\n{Pick(random, "\r\n", "X: ", "Content-Length: 100\r\n\r\n")}";
        // One oddity or two: of more, the first is refused and nothing else is tried.
        var odd = random.Next(4);
        var framing = odd == 0 ? Pick(random, "", "Content-Length: {all}", "Transfer-Encoding: chunked") : Pick(random, Framings);
        var isChunked = framing.Contains("chunked", StringComparison.OrdinalIgnoreCase) && random.Next(8) > 0;
        var body = isChunked ? Filled(odd == 1 ? Chunks[0] : Pick(random, Chunks)) : framing.Length == 0 ? "" : hidden;
        var method = framing.Length > 0 && odd != 3 ? "POST" : odd == 3 ? Pick(random, Methods) : "GET";
        var head = new List<string>
        {
            $"{method} {(odd == 3 ? Pick(random, Targets) : "/")} {(odd == 3 ? Pick(random, Versions) : "HTTP/1.1")}",
            odd == 2 ? Pick(random, Hosts) : Hosts[0],
            framing,
            Pick(random, Extras),
            Pick(random, Extras),
        };
        return Filled(string.Join("\r\n", head.Where(line => line.Length > 0))) + $"\r\n\r\n{body}";

        string Filled(string form) => form
            .Replace("{OWN}", own.ToUpperInvariant(), StringComparison.Ordinal)
            .Replace("{own}", own, StringComparison.Ordinal)
            .Replace("{other}", other, StringComparison.Ordinal)
            .Replace("{claim}", RecordingService.Claim, StringComparison.Ordinal)
            .Replace("{session}", RecordingService.Session, StringComparison.Ordinal)
            .Replace("{bell}", "\a", StringComparison.Ordinal)
            .Replace("{long}", new string('x', random.Next(1, 40_000)), StringComparison.Ordinal)
            .Replace("{size}", $"{hidden.Length:x}", StringComparison.Ordinal)
            .Replace("{size16}", $"{hidden.Length:x16}", StringComparison.Ordinal)
            .Replace("{all}", $"{(isChunked ? hidden.Length + 14 : hidden.Length)}", StringComparison.Ordinal)
            .Replace("{half}", $"{hidden.Length / 2}", StringComparison.Ordinal)
            .Replace("{hidden}", hidden, StringComparison.Ordinal);
    }

    private static string Pick(Random random, params string[] from) => from[random.Next(from.Length)];
}
