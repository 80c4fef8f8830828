using System.Buffers;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Speed.Deployments;
using Yarp.ReverseProxy.Forwarder;

namespace Speed.Proxy;

/// <summary>
/// Passes a request on to the service that its host names. One that is replaced at this very moment takes none any
/// more: then the newer one gets it.
/// </summary>
internal sealed partial class Forwarding(
    HostTable hosts, Traffic traffic, IHttpForwarder forwarder, HttpMessageInvoker client, ServiceRequest transformer,
    TimeProvider time, ILogger logger)
{
    private const int MostTurns = 10;
    private const string GrpcType = "application/grpc";

    private static readonly SearchValues<char> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(code => (char)code).Where(c => c != '\t'), '\x7f']);

    private static readonly ForwarderRequestConfig Plain = new()
    {
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        // Between two bytes: streams may be quiet for long, and a connection that is dead must go some day.
        ActivityTimeout = TimeSpan.FromHours(1),
    };

    // Who serves gRPC speaks HTTP/2, and without TLS nothing else on that port.
    private static readonly ForwarderRequestConfig Grpc = Plain with { Version = HttpVersion.Version20 };

    public async Task ServeAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: there is nobody to answer.
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            NotForwarded(fault);
            await AnswerAsync(context, StatusCodes.Status502BadGateway);
        }
    }

    private async Task RouteAsync(HttpContext context)
    {
        if (IsTunnel(context))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        var host = HostOf(context.Request);
        if (!IsSound(host) || context.Request.Headers.Any(header => header.Value.Any(HasControl)))
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest);
            return;
        }

        using var body = ReadWithPatience(context);
        var look = await hosts.LookAsync(context.RequestAborted);
        long? failed = null;
        for (var turn = 0; turn < MostTurns; turn++)
        {
            var route = look.Find(host.Host);
            if (route?.Destination is not { } destination || route.Id == failed)
            {
                break;
            }

            using (var passage = traffic.TryEnter(route.Id))
            {
                if (passage is not null)
                {
                    if (await IsAnsweredAsync(context, destination))
                    {
                        return;
                    }

                    failed = route.Id;
                }
            }

            look = await hosts.LookAgainAsync(look, context.RequestAborted);
        }

        var isKnown = failed is not null || look.Find(host.Host) is not null;
        await AnswerAsync(context, isKnown ? StatusCodes.Status502BadGateway : StatusCodes.Status404NotFound);
    }

    /// <summary>
    /// What a request is for, as its client spelled it: <see cref="HttpRequest.Host"/> would turn <c>xn--</c> into letters, by
    /// which no service is known, and fail where it is no name.
    /// </summary>
    internal static HostString HostOf(HttpRequest request) => new(request.Headers.Host.ToString());

    // False: it has not reached the service, and another one may have it.
    private async Task<bool> IsAnsweredAsync(HttpContext context, string destination)
    {
        var aborted = context.RequestAborted;
        var config = IsGrpc(context.Request) ? Grpc : Plain;
        var error = await forwarder.SendAsync(context, destination, client, config, transformer, aborted);
        if (error == ForwarderError.None || context.Response.HasStarted || aborted.IsCancellationRequested)
        {
            return true;
        }

        if (MayBeRepeated(context, error))
        {
            context.Response.Clear();
            return false;
        }

        if (context.Request.Body is PatientBody { IsTooSlow: true })
        {
            await AnswerAsync(context, StatusCodes.Status408RequestTimeout);
        }
        else if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            await AnswerAsync(context, context.Response.StatusCode);
        }

        return true;
    }

    // A service would see two hosts where HttpClient cannot read the client's own and adds another.
    private static bool IsSound(HostString host)
    {
        var colon = host.Value!.LastIndexOf(':');
        var hasPort = colon > host.Value.LastIndexOf(']');
        return !hasPort
            || (int.TryParse(host.Value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && port is > 0 and <= ushort.MaxValue);
    }

    // No field has any (RFC 9110, 5.5), and what a server makes of one is its own affair: Kestrel lets most of them through.
    private static bool HasControl(string? value) => value.AsSpan().ContainsAny(Controls);

    // A call of gRPC, and an upgraded connection, may be quiet in both directions.
    private PatientBody? ReadWithPatience(HttpContext context)
    {
        var mayBeQuiet = IsGrpc(context.Request) || context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            || HttpMethods.IsConnect(context.Request.Method);
        if (mayBeQuiet || context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return null;
        }

        var body = new PatientBody(context.Request.Body, time);
        context.Request.Body = body;
        return body;
    }

    // Without a connection nothing has been sent. With one it may have been done: then only what changes nothing.
    private static bool MayBeRepeated(HttpContext context, ForwarderError error) =>
        error == ForwarderError.Request
        && (context.Features.Get<IForwarderErrorFeature>()?.Exception
                is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }
            || (ChangesNothing(context.Request.Method)
                && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }));

    private static bool ChangesNothing(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    // Not application/grpc-web, which is made for HTTP/1.1.
    private static bool IsGrpc(HttpRequest request) =>
        HttpProtocol.IsHttp2(request.Protocol)
        && request.ContentType is { } type
        && type.StartsWith(GrpcType, StringComparison.OrdinalIgnoreCase)
        && (type.Length == GrpcType.Length || type[GrpcType.Length] is '+' or ';' or ' ');

    // A WebSocket over HTTP/2 is a CONNECT as well.
    private static bool IsTunnel(HttpContext context) =>
        HttpMethods.IsConnect(context.Request.Method)
        && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true };

    // The same words for all: they tell nothing of what else there is.
    private static Task AnswerAsync(HttpContext context, int status)
    {
        context.Response.Clear();
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(
            status switch
            {
                StatusCodes.Status400BadRequest => "The Host of the request is not a name with a port from 1 to 65535, or a header has a control character.\n",
                StatusCodes.Status404NotFound => "No service is up under this name.\n",
                StatusCodes.Status408RequestTimeout => "Nothing came of the request's body for 60 seconds.\n",
                _ => "The service under this name does not answer.\n",
            },
            context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Error, "A request could not be passed on")]
    private partial void NotForwarded(Exception fault);
}
