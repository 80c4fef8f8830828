using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Speed.Security;
using Yarp.ReverseProxy.Forwarder;

namespace Speed.Proxy;

/// <summary>
/// A request as the service gets it: the client's own, host included, with where it came from as the proxy saw it, and
/// without what is SPEED's.
/// </summary>
internal sealed class ServiceRequest(ProxySettings settings) : HttpTransformer
{
    private const string ForwardedFor = "X-Forwarded-For";
    private const string ForwardedHost = "X-Forwarded-Host";
    private const string ForwardedProto = "X-Forwarded-Proto";
    private const string Upgraded = "Upgrade-Insecure-Requests";

    // The addresses that proxies, CDNs and clouds tell by headers of their own.
    private static readonly HashSet<string> Claims = new(StringComparer.OrdinalIgnoreCase)
    {
        "Forwarded", "X-Forwarded", "Forwarded-For", "X-Original-Forwarded-For", "X-Original-Host", "X-Host", "X-HTTP-Host-Override",
        "X-Real-IP", "X-Client-IP", "Client-IP", "True-Client-IP", "X-Cluster-Client-IP", "X-Remote-IP", "X-Remote-Addr", "Remote-Addr",
        "X-Originating-IP", "X-ProxyUser-IP", "X-Envoy-External-Address", "CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Pseudo-IPv4",
        "Fastly-Client-IP", "Fly-Client-IP", "X-Azure-ClientIP", "X-Azure-SocketIP", "X-Appengine-User-IP", "X-Nf-Client-Connection-IP",
        "CloudFront-Viewer-Address", "Proxy-Client-IP", "WL-Proxy-Client-IP", "DO-Connecting-IP", "X-Vercel-Forwarded-For",
        "X-Vercel-IP", "Incap-Client-IP", "Ali-CDN-Real-IP", "Cdn-Src-IP", "X-Original-For", "X-Original-Proto", "X-Original-Prefix",
        "X-Original-Remote-Endpoint", "X-Scheme", "X-Url-Scheme", "Front-End-Https", "X-Envoy-Original-Dst-Host", "X-Coming-From",
    };

    private static readonly HashSet<string> Framing = new(StringComparer.OrdinalIgnoreCase)
    {
        "Content-Length", "Transfer-Encoding", "Keep-Alive", "Proxy-Connection",
    };

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
        CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        var request = httpContext.Request;
        SetLine(httpContext, proxyRequest, destinationPrefix);
        var client = ProxySettings.Plain(httpContext.Connection.RemoteIpAddress);
        var isTrusted = settings.IsTrustedProxy(client);
        foreach (var header in request.Headers.Keys.Where(IsTwin))
        {
            proxyRequest.Headers.Remove(header);
        }

        foreach (var header in request.Headers.Keys.Where(IsClaim))
        {
            if (!isTrusted || !settings.TrustedHeaders.Contains(header))
            {
                proxyRequest.Headers.Remove(header);
            }
        }

        Set(ForwardedFor, isTrusted && Given(ForwardedFor) is { } before ? $"{before}, {client}" : client?.ToString());
        Set(ForwardedHost, (isTrusted ? Given(ForwardedHost) : null) ?? Forwarding.HostOf(request).Value);
        Set(ForwardedProto, (isTrusted ? Given(ForwardedProto) : null) ?? request.Scheme);
        // It asks the service for something; the forwarder takes it for a matter of this connection.
        Set(Upgraded, request.Headers[Upgraded]);
        HideSession(request, proxyRequest);

        string? Given(string name) => request.Headers[name].ToString() is { Length: > 0 } value ? value : null;

        void Set(string name, string? value)
        {
            proxyRequest.Headers.Remove(name);
            if (value is not null)
            {
                proxyRequest.Headers.TryAddWithoutValidation(name, value);
            }
        }
    }

    // The forwarder would decode the path and encode it anew, and write methods of its own in capitals.
    private static void SetLine(HttpContext context, HttpRequestMessage proxyRequest, string destinationPrefix)
    {
        var line = context.Features.GetRequiredFeature<ProxiedRequest>().Line!;
        proxyRequest.Options.Set(RequestLine.Key, line);
        proxyRequest.RequestUri = new Uri(
            destinationPrefix + (line.Target == "*" ? "/" : line.Target),
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        if (line.Method.Equals(proxyRequest.Method.Method, StringComparison.OrdinalIgnoreCase) && line.Method != proxyRequest.Method.Method)
        {
            proxyRequest.Method = new HttpMethod(line.Method);
        }
    }

    // To a server that takes it for a hyphen it would be what says how long the body is, a second time.
    private static bool IsTwin(string header) => Hyphened(header) is var name && name != header && Framing.Contains(name);

    /// <summary>
    /// Whether a header says where a request came from or what it was for, which only a proxy that the operator trusts
    /// may say. Many servers take an underscore for a hyphen, and PHP a dot for an underscore.
    /// </summary>
    internal static bool IsClaim(string header)
    {
        var name = Hyphened(header);
        return Claims.Contains(name) || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase);
    }

    private static string Hyphened(string header) => string.Concat(header.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var goesOn = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        var request = httpContext.Features.GetRequiredFeature<ProxiedRequest>();
        request.IsAnswered |= proxyResponse is not null;
        request.Answer = (proxyResponse?.Content as AnswerContent)?.Body as AnswerBody;
        request.Upgraded = (proxyResponse?.Content as AnswerContent)?.Body as UpgradedStream;
        var cookies = httpContext.Response.Headers.SetCookie;
        if (cookies.Any(IsSession))
        {
            httpContext.Response.Headers.SetCookie = cookies.Where(cookie => !IsSession(cookie)).ToArray();
        }

        // Whoever waits for events wants to know at once that they will come.
        if (proxyResponse?.Content is AnswerContent { Body: AnswerBody { IsThere: false } })
        {
            await httpContext.Response.Body.FlushAsync(cancellationToken);
        }

        return goesOn;
    }

    public override async ValueTask TransformResponseTrailersAsync(
        HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        await base.TransformResponseTrailersAsync(httpContext, proxyResponse, cancellationToken);
        if (httpContext.Features.GetRequiredFeature<ProxiedRequest>().Line!.HasBody)
        {
            // The client has all of it now, and not only once its own body has come.
            await httpContext.Response.CompleteAsync();
        }
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

    // As ASP.NET reads them: a name in any case, and a comma for a semicolon.
    private static bool IsSession(string? cookie) => cookie?.Split(';')[0].Split(',').Any(
        part => part.Split('=')[0].Trim().Equals(AccessSettings.SessionCookie, StringComparison.OrdinalIgnoreCase)) == true;
}
