using Microsoft.AspNetCore.Http;
using Speed.Security;
using Yarp.ReverseProxy.Forwarder;

namespace Speed.Proxy;

/// <summary>
/// A request as the service gets it: the client's own, host included, with where it came from as the proxy saw it, and
/// without what is SPEED's.
/// </summary>
internal sealed class ServiceRequest : HttpTransformer
{
    // What a client says of these itself is nothing to go by.
    private static readonly string[] Claims =
    [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
        "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Real-IP",
    ];

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
        CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        foreach (var claim in Claims)
        {
            proxyRequest.Headers.Remove(claim);
        }

        var connection = httpContext.Connection.RemoteIpAddress;
        var client = connection is { IsIPv4MappedToIPv6: true } ? connection.MapToIPv4() : connection;
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-For", client?.ToString());
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Host", httpContext.Request.Host.Value);
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Proto", httpContext.Request.Scheme);
        HideSession(httpContext.Request, proxyRequest);
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var goesOn = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        var cookies = httpContext.Response.Headers.SetCookie;
        if (cookies.Any(IsSession))
        {
            httpContext.Response.Headers.SetCookie = cookies.Where(cookie => !IsSession(cookie)).ToArray();
        }

        return goesOn;
    }

    // Browsers send a cookie to every port of a host: that of the dashboard would come here as well.
    private static void HideSession(HttpRequest request, HttpRequestMessage proxyRequest)
    {
        var cookies = request.Headers.Cookie.OfType<string>()
            .SelectMany(line => line.Split(';', StringSplitOptions.TrimEntries)).ToList();
        if (!cookies.Exists(IsSession))
        {
            return;
        }

        var others = cookies.Where(cookie => !IsSession(cookie));
        proxyRequest.Headers.Remove("Cookie");
        if (string.Join("; ", others) is { Length: > 0 } left)
        {
            proxyRequest.Headers.TryAddWithoutValidation("Cookie", left);
        }
    }

    private static bool IsSession(string? cookie) =>
        cookie?.Split('=')[0].Trim().Equals(AccessSettings.SessionCookie, StringComparison.Ordinal) == true;
}
