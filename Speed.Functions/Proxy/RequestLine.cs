using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Speed.Proxy;

/// <summary>What a client asked for, to the letter: a service signs, routes and caches by it.</summary>
/// <param name="Target">Path and query as they were sent, nothing decoded, encoded or put right; <c>*</c> of an OPTIONS.</param>
/// <param name="Length">Of the body; null where it was not said.</param>
internal sealed record RequestLine(string Method, string Target, bool HasBody, long? Length)
{
    /// <summary>Where a request to a service has it.</summary>
    public static readonly HttpRequestOptionsKey<RequestLine> Key = new("speed.request-line");

    private static readonly FrozenSet<string> Harmless = FrozenSet.Create(StringComparer.Ordinal, "GET", "HEAD", "OPTIONS", "TRACE");

    /// <summary>Whether it may be sent a second time: it has no body and changes nothing.</summary>
    public bool IsRepeatable => !HasBody && Harmless.Contains(Method);

    /// <summary>Null where the target has what would end a line of HTTP/1, or no path.</summary>
    public static RequestLine? Of(HttpContext context)
    {
        var request = context.Request;
        var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (raw.Any(c => c is <= ' ' or >= '\x7f') || Origin(raw) is not { } target)
        {
            return null;
        }

        var hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };
        return new RequestLine(request.Method, target, hasBody, request.Headers.TransferEncoding.Count > 0 ? null : request.ContentLength);
    }

    /// <summary>The head of a request as bytes.</summary>
    /// <param name="isLast">Whether the service is told to close the connection behind its answer.</param>
    public byte[] Write(HttpRequestMessage request, bool isLast)
    {
        var text = new StringBuilder($"{request.Method.Method} {Target} HTTP/1.1\r\n");
        foreach (var (name, values) in request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default))
        {
            if (name.Equals("Cookie", StringComparison.OrdinalIgnoreCase))
            {
                // RFC 9113, 8.2.3: over HTTP/2 they may come one by one.
                text.Append($"{name}: {string.Join("; ", values)}\r\n");
            }
            else if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            {
                text.AppendJoin("", values.Select(value => $"{name}: {value}\r\n"));
            }
        }

        text.Append(isLast && !request.Headers.NonValidated.Contains("Connection") ? "Connection: close\r\n" : "");
        return Encoding.Latin1.GetBytes(text.Append(Framing()).Append("\r\n").ToString());
    }

    private string Framing() =>
        HasBody && Length is null ? "Transfer-Encoding: chunked\r\n"
        : Length is { } length ? string.Create(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n")
        // Of these servers expect one, and over HTTP/2 none has to say that it is empty.
        : Method is "POST" or "PUT" or "PATCH" ? "Content-Length: 0\r\n"
        : "";

    // RFC 9112, 3.2: a proxy may be asked with the whole address.
    private static string? Origin(string raw)
    {
        if (raw.StartsWith('/') || raw == "*")
        {
            return raw;
        }

        var authority = raw.IndexOf("://", StringComparison.Ordinal) + 3;
        if (authority < 3)
        {
            return null;
        }

        var path = raw.AsSpan(authority).IndexOfAny('/', '?');
        return path < 0 ? "/" : raw[authority + path] == '?' ? $"/{raw[(authority + path)..]}" : raw[(authority + path)..];
    }
}
