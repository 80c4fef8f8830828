using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Docker.DotNet;
using Docker.DotNet.NativeHttp;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The way to the engine. Whatever keeps an answer from coming is thrown as
/// <see cref="FailureCode.DockerUnavailable"/>; an answer that says no stays a <see cref="DockerApiException"/>.
/// </summary>
internal sealed class DockerConnection : IDisposable
{
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(5);

    private readonly string _endpoint;
    private readonly DockerClient _client;
    private readonly HttpClient _http;
    private readonly Func<HttpClient> _newHttp;

    public DockerConnection(string endpoint)
    {
        _endpoint = endpoint;
        var uri = new Uri(endpoint);
        var address = new Uri(uri.Scheme is "tcp" or "http" ? $"http://{uri.Authority}" : "http://docker");

        // No API version: the engine then speaks its own newest, and none that it dropped is asked for.
        _client = new DockerClientBuilder()
            .WithEndpoint(address)
            .WithTransportOptions(new NativeHttpTransportOptions { ConfigureHandler = handler => Configure(handler, uri) })
            .Build();

        _newHttp = () =>
        {
            var handler = new SocketsHttpHandler();
            Configure(handler, uri);
            return new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        };
        _http = _newHttp();
    }

    public static bool IsLost(Exception exception) =>
        exception is HttpRequestException or IOException or SocketException or TimeoutException or JsonException;

    public async Task<T> AskAsync<T>(Func<DockerClient, Task<T>> ask)
    {
        try
        {
            return await ask(_client);
        }
        catch (Exception exception) when (IsLost(exception))
        {
            throw Unavailable(exception);
        }
        catch (DockerApiException exception) when (exception.StatusCode >= HttpStatusCode.InternalServerError)
        {
            // On its way down an engine fails what it is asked with any words.
            if (await TakesConnectionsAsync(CancellationToken.None))
            {
                throw;
            }

            throw Unavailable(exception);
        }
    }

    public Task AskAsync(Func<DockerClient, Task> ask) => AskAsync(async client =>
    {
        await ask(client);
        return true;
    });

    /// <summary>
    /// For what the client library cannot do. Gives an answer whose body is still to be read, whatever the engine
    /// says.
    /// </summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception exception) when (IsLost(exception))
        {
            throw Unavailable(exception);
        }
    }

    public async Task<Engine> DescribeAsync(CancellationToken cancellationToken)
    {
        var version = await AskAsync(client => client.System.GetVersionAsync(cancellationToken));
        return new Engine(version.Version, Version.Parse(version.APIVersion), version.Os, version.Arch)
        {
            Components = (version.Components ?? []).ToLookup(part => part.Name, part => part.Version),
        };
    }

    /// <summary>Null if the engine answers within five seconds.</summary>
    public async Task<EngineFault?> FindFaultAsync(CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(PingLimit);
        try
        {
            await AskAsync(client => client.System.PingAsync(limited.Token));
            return null;
        }
        catch (DockerApiException exception)
        {
            return new EngineFault($"Docker at {_endpoint} is not well: {exception.Reason}.", "Look at the engine's own log.");
        }
        catch (DeploymentFailedException exception)
        {
            return EngineFault.Of(_endpoint, exception.InnerException);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return EngineFault.Of(_endpoint, exception);
        }
    }

    /// <summary>
    /// False for an engine on its way down: it takes no new connections, while it stops its containers and still
    /// answers on the old ones.
    /// </summary>
    public async Task<bool> TakesConnectionsAsync(CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(PingLimit);
        using var http = _newHttp();
        try
        {
            using var answer = await http.GetAsync(new Uri("/_ping", UriKind.Relative), limited.Token);
            return true;
        }
        catch (Exception exception) when (IsLost(exception)
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    public DeploymentFailedException Unavailable(Exception inner)
    {
        var fault = EngineFault.Of(_endpoint, inner);
        return new DeploymentFailedException(
            FailureCode.DockerUnavailable, fault.What, $"{fault.WayOut} Then deploy again.", inner: inner);
    }

    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
    }

    private static void Configure(SocketsHttpHandler handler, Uri endpoint)
    {
        // Every attached container and every wait holds a connection.
        handler.MaxConnectionsPerServer = int.MaxValue;
        handler.UseProxy = false;
        if (endpoint.Scheme == "unix")
        {
            handler.ConnectCallback = (_, cancellationToken) => ConnectSocketAsync(endpoint.LocalPath, cancellationToken);
        }
        else if (endpoint.Scheme == "npipe")
        {
            handler.ConnectCallback = (_, cancellationToken) => ConnectPipeAsync(endpoint, cancellationToken);
        }
    }

    private static async ValueTask<Stream> ConnectSocketAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async ValueTask<Stream> ConnectPipeAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        var name = endpoint.AbsolutePath.Split('/')[^1];
        var pipe = new NamedPipeClientStream(".", name, PipeDirection.InOut, PipeOptions.Asynchronous);
        await pipe.ConnectAsync(cancellationToken);
        return pipe;
    }
}
