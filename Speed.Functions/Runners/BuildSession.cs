using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Speed.Runners;

/// <summary>
/// A session of BuildKit, as <c>docker build</c> has one: over a connection of its own the engine calls us, by gRPC, for
/// the Dockerfile and for the context. So the one need not be in the other, as it must be in a tar.
/// </summary>
internal sealed class BuildSession : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);

    private readonly Stream _connection;
    private readonly KestrelServer _server;
    private readonly ServiceProvider _services;

    private BuildSession(string id, Stream connection)
    {
        (Id, _connection) = (id, connection);
        _services = new ServiceCollection().BuildServiceProvider();
        var options = new KestrelServerOptions { ApplicationServices = _services };
        Set(options);
        _server = new KestrelServer(Options.Create(options), new OneConnection(connection), NullLoggerFactory.Instance);
    }

    /// <summary>By this the build names it.</summary>
    public string Id { get; }

    /// <summary>Begins one. Null where the engine knows none, as Podman does.</summary>
    /// <param name="sharedKey">
    /// The engine keeps a context by this key, and of the next one of the same key takes only files of another size or
    /// time: equal keys, equal contexts.
    /// </param>
    public static async Task<BuildSession?> TryOpenAsync(
        DockerConnection docker, SessionCalls calls, string sharedKey, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/session");
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.ParseAdd("h2c");
        request.Headers.Add("X-Docker-Expose-Session-Uuid", id);
        request.Headers.Add("X-Docker-Expose-Session-Name", "speed");
        request.Headers.Add("X-Docker-Expose-Session-Sharedkey", sharedKey);
        request.Headers.Add("X-Docker-Expose-Session-Grpc-Method", SessionCalls.DiffCopy);

        // The connection is the answer's, and lives as long as this.
        var response = await docker.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            response.Dispose();
            return null;
        }

        var session = new BuildSession(id, await response.Content.ReadAsStreamAsync(cancellationToken));
        try
        {
            await session._server.StartAsync(calls, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Closed first: the engine ends its calls, and the server has nothing left to wait for.
        await _connection.DisposeAsync();
        using var limit = new CancellationTokenSource(EndLimit);
        await _server.StopAsync(limit.Token);
        _server.Dispose();
        await _services.DisposeAsync();
    }

    // The one who calls is the engine, which may take its time and has long lists of paths in its headers.
    private static void Set(KestrelServerOptions options)
    {
        const int Large = 16 * 1024 * 1024;
        options.Listen(new IPEndPoint(IPAddress.Loopback, 0), listen => listen.Protocols = HttpProtocols.Http2);
        options.RequestHeaderEncodingSelector = _ => new EngineHeaders();

        // Not infinite: added to the clock that is less than zero, and ends the connection between two calls.
        options.Limits.KeepAliveTimeout = TimeSpan.FromDays(1);
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxRequestBufferSize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxRequestHeaderCount = 100_000;
        options.Limits.MaxRequestHeadersTotalSize = Large;
        options.Limits.Http2.MaxRequestHeaderFieldSize = Large;
    }

    /// <summary>Listens on nothing: it has the one connection that is there already.</summary>
    private sealed class OneConnection(Stream stream) : IConnectionListenerFactory, IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _end = new();
        private bool _isGiven;

        public EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 0);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IConnectionListener>(this);

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (_isGiven)
            {
                return new ValueTask<ConnectionContext?>(_end.Task);
            }

            _isGiven = true;
            return ValueTask.FromResult<ConnectionContext?>(new Connection(stream));
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _end.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }

    private sealed class Connection : DefaultConnectionContext
    {
        private readonly Stream _stream;

        public Connection(Stream stream)
            : base(Guid.NewGuid().ToString("N"))
        {
            _stream = stream;
            Transport = new Pipes(PipeReader.Create(stream), PipeWriter.Create(stream));
        }

        public override void Abort(ConnectionAbortedException abortReason) => _stream.Dispose();

        private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }
}
