using System.Net;
using System.Text;

namespace Speed.Proxy;

/// <summary>What asks services: over HTTP/1.1, and those that serve gRPC over HTTP/2.</summary>
internal sealed class ServiceClients : IDisposable
{
    private readonly ServiceConnections _connections;

    /// <param name="mostOfHead">Bytes that the head of an answer may have.</param>
    public ServiceClients(int mostOfHead)
    {
        // Connections are between this machine and its services, whose time is the real one.
        var time = TimeProvider.System;
        _connections = new ServiceConnections(time);
        Plain = new HttpMessageInvoker(new ServiceClient(_connections, mostOfHead, time));
        Grpc = new HttpMessageInvoker(NewHandler(mostOfHead));
    }

    public HttpMessageInvoker Plain { get; }

    public HttpMessageInvoker Grpc { get; }

    public void Dispose()
    {
        Plain.Dispose();
        Grpc.Dispose();
        _connections.Dispose();
    }

    private static SocketsHttpHandler NewHandler(int mostOfHead) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
        MaxResponseHeadersLength = mostOfHead / 1024,
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
    };
}
