using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Speed.Tests.Hosts;

/// <summary>One of the host's two servers, on a free loopback port, that can be cut off at any moment.</summary>
internal sealed class HostServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<ConnectionContext, bool> _connections = [];
    private readonly WebApplication _app;

    private HostServer(HttpProtocols protocols, Action<IServiceCollection> add, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(new IPEndPoint(IPAddress.Loopback, 0), listen =>
            {
                listen.Protocols = protocols;
                listen.Use(next => connection => RememberAsync(next, connection));
            });
        });
        add(builder.Services);
        _app = builder.Build();
        map(_app);
    }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<HostServer> StartAsync(
        HttpProtocols protocols, Action<IServiceCollection> add, Action<WebApplication> map)
    {
        var server = new HostServer(protocols, add, map);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Cuts every connection, without a word, and takes no more.</summary>
    public async Task CutAsync()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Abort();
        }

        await _app.StopAsync(new CancellationToken(canceled: true));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task RememberAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        _connections[connection] = true;
        try
        {
            await next(connection);
        }
        finally
        {
            _connections.TryRemove(connection, out _);
        }
    }
}
