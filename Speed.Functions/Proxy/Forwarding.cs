using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
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
    HostTable hosts, Traffic traffic, IHttpForwarder forwarder, ServiceClients clients, ServiceRequest transformer,
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

    /// <summary>Answers it, and says in <paramref name="request"/> what became of it.</summary>
    public async Task ServeAsync(HttpContext context, ProxiedRequest request)
    {
        try
        {
            await RouteAsync(context, request);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // There is nobody to answer.
            request.Fault ??= ProxyFault.ClientGone;
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            NotForwarded(fault);
            await OwnAnswer.WriteAsync(context, request, StatusCodes.Status502BadGateway, ProxyFault.InternalError);
        }
    }

    private async Task RouteAsync(HttpContext context, ProxiedRequest request)
    {
        if (IsTunnel(context))
        {
            request.Fault = ProxyFault.RequestDenied;
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        var host = HostOf(context.Request);
        request.Line = RequestLine.Of(context);
        if (request.Line is null || !IsSound(host) || context.Request.Headers.Any(header => header.Value.Any(HasControl)))
        {
            await OwnAnswer.WriteAsync(context, request, StatusCodes.Status400BadRequest, ProxyFault.RequestError);
            return;
        }

        // YARP would make a GET of it, whose answer nobody expects. RFC 6455, 4.1: only a GET asks for a WebSocket.
        if (!HttpMethods.IsGet(context.Request.Method) && AsksForUpgrade(context))
        {
            await OwnAnswer.WriteAsync(context, request, StatusCodes.Status400BadRequest, ProxyFault.RequestError);
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
                    request.Route = route;
                    if (await IsAnsweredAsync(context, request, destination))
                    {
                        return;
                    }

                    failed = route.Id;
                }
            }

            look = await hosts.LookAgainAsync(look, context.RequestAborted);
        }

        request.Route ??= look.Find(host.Host);
        await (request.Route is null
            ? OwnAnswer.WriteAsync(context, request, StatusCodes.Status404NotFound, ProxyFault.DestinationNotFound)
            : OwnAnswer.WriteAsync(
                context, request, StatusOf(request.Fault), request.Fault ?? ProxyFault.DestinationUnavailable));
    }

    /// <summary>
    /// What a request is for, as its client spelled it: <see cref="HttpRequest.Host"/> would turn <c>xn--</c> into letters, by
    /// which no service is known, and fail where it is no name.
    /// </summary>
    internal static HostString HostOf(HttpRequest request) => new(request.Headers.Host.ToString());

    private static bool AsksForUpgrade(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        && context.Request.Headers.Upgrade.ToString() is var asked
        && (asked.Contains("websocket", StringComparison.OrdinalIgnoreCase) || asked.StartsWith("SPDY/", StringComparison.OrdinalIgnoreCase));

    // False: it has not reached the service, and another one may have it.
    private async Task<bool> IsAnsweredAsync(HttpContext context, ProxiedRequest request, string destination)
    {
        var aborted = context.RequestAborted;
        var isGrpc = IsGrpc(context.Request);
        var error = await forwarder.SendAsync(
            context, destination, isGrpc ? clients.Grpc : clients.Plain, isGrpc ? Grpc : Plain, transformer, aborted);
        if (error == ForwarderError.None)
        {
            // One before it may have failed, in the middle of a swap.
            request.Fault = null;
            return true;
        }

        var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        request.Fault = aborted.IsCancellationRequested ? ProxyFault.ClientGone : FaultOf(context, request, error, cause);
        if (aborted.IsCancellationRequested || context.Response.HasStarted || request is { IsAnswered: true, Fault: null })
        {
            return true;
        }

        if (MayBeRepeated(request.Line!, error, cause))
        {
            context.Response.Clear();
            return false;
        }

        if (context.Request.Body is PatientBody { IsTooSlow: true })
        {
            await OwnAnswer.WriteAsync(context, request, StatusCodes.Status408RequestTimeout, ProxyFault.RequestTimeout);
        }
        else if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            await OwnAnswer.WriteAsync(context, request, StatusOf(request.Fault), request.Fault ?? ProxyFault.InternalError);
        }

        return true;
    }

    // Null: the service has answered before all of the body came.
    private static string? FaultOf(HttpContext context, ProxiedRequest request, ForwarderError error, Exception? cause) => error switch
    {
        ForwarderError.RequestBodyClient or ForwarderError.RequestBodyDestination or ForwarderError.RequestBodyCanceled
            when request.IsAnswered => request.Answer is { IsWhole: false } ? ProxyFault.ResponseIncomplete : null,
        ForwarderError.RequestBodyClient when context.Request.Body is PatientBody { IsTooSlow: true } => ProxyFault.RequestTimeout,
        ForwarderError.RequestBodyClient => ProxyFault.RequestError,
        ForwarderError.ResponseHeaders => ProxyFault.ProtocolError,
        ForwarderError.RequestTimedOut or ForwarderError.UpgradeActivityTimeout => ProxyFault.ResponseTimeout,
        ForwarderError.ResponseBodyClient or ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeResponseClient => ProxyFault.ClientGone,
        _ when request.IsAnswered => ProxyFault.ResponseIncomplete,
        ForwarderError.RequestCreation => ProxyFault.InternalError,
        _ => Causes(cause).Select(NameOf).FirstOrDefault(name => name is not null) ?? ProxyFault.ConnectionTerminated,
    };

    private static string? NameOf(Exception cause) => cause switch
    {
        NoAnswerException none => none.Fault,
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => ProxyFault.ConnectionRefused,
        HttpRequestException { HttpRequestError: HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse } => ProxyFault.ProtocolError,
        _ => null,
    };

    private static IEnumerable<Exception> Causes(Exception? fault) => fault switch
    {
        null => [],
        AggregateException many => [many, .. many.InnerExceptions.SelectMany(Causes)],
        _ => [fault, .. Causes(fault.InnerException)],
    };

    private static int StatusOf(string? fault) =>
        fault is ProxyFault.ConnectionTimeout or ProxyFault.ResponseTimeout
            ? StatusCodes.Status504GatewayTimeout
            : StatusCodes.Status502BadGateway;

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
    private static bool MayBeRepeated(RequestLine line, ForwarderError error, Exception? cause) =>
        error == ForwarderError.Request
        && (line.IsRepeatable
            || cause is NoAnswerException { IsUnsent: true } or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError });

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

    [LoggerMessage(LogLevel.Error, "A request could not be passed on")]
    private partial void NotForwarded(Exception fault);
}
