using System.Net;

namespace Speed.Proxy;

/// <summary>
/// Asks services over HTTP/1.1. <see cref="SocketsHttpHandler"/> does not do for a proxy: it reads no answer before the
/// body is sent, and sends what has no body a second time whatever it may have done.
/// </summary>
internal sealed class ServiceClient(ServiceConnections connections, int mostOfHead, TimeProvider time) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Options.TryGetValue(RequestLine.Key, out var line))
        {
            throw new InvalidOperationException("A request to a service has a line of its own.");
        }

        var place = PlaceOf(request.RequestUri!);
        if (line.IsRepeatable && connections.TryTake(place) is { } kept)
        {
            try
            {
                return await AskAsync(kept, place, request, line, cancellationToken);
            }
            catch (NoAnswerException fault) when (fault.IsSilent)
            {
                // Its service closed it just then, as it may.
            }
        }

        var fresh = await connections.OpenAsync(place, cancellationToken);
        return await AskAsync(fresh, place, request, line, cancellationToken);
    }

    // What must not be sent twice has a connection of its own: one that was kept may be closed just then, and nobody can tell
    // from its end whether the request was taken.
    private Task<HttpResponseMessage> AskAsync(
        ServiceConnection connection, EndPoint place, HttpRequestMessage request, RequestLine line, CancellationToken cancellationToken)
    {
        return new ServiceExchange(connection, request, line, line.IsRepeatable, mostOfHead, time, End).AskAsync(cancellationToken);

        void End(bool canStay)
        {
            if (canStay)
            {
                connections.Keep(place, connection);
            }
            else
            {
                // The client has its answer: it does not wait for this.
                _ = connections.CloseAsync(connection);
            }
        }
    }

    private static EndPoint PlaceOf(Uri uri) =>
        IPAddress.TryParse(uri.DnsSafeHost, out var address)
            ? new IPEndPoint(address, uri.Port)
            : new DnsEndPoint(uri.DnsSafeHost, uri.Port);
}
