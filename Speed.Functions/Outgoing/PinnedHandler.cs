using System.Net;
using System.Net.Sockets;

namespace Speed.Outgoing;

/// <summary>
/// Connects to addresses that were judged, and to nothing else: whatever the host's name resolves to by then, and
/// wherever an answer would lead.
/// </summary>
public static class PinnedHandler
{
    public static SocketsHttpHandler Create(IReadOnlyList<IPAddress> addresses, int port) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxResponseHeadersLength = 64,
        ActivityHeadersPropagator = null,
        ConnectCallback = (_, cancellationToken) => ConnectAsync(addresses, port, cancellationToken),
    };

    private static async ValueTask<Stream> ConnectAsync(
        IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync([.. addresses], port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
