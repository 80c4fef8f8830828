using System.Runtime.Versioning;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>
/// A second, small server on a Unix socket, on which programs in containers reach the two functions they report with,
/// without a network too. Bound before the worker adopts what an earlier process left.
/// </summary>
internal sealed partial class ReportSocket(
    ReportFolder folder, ReportConnections connections, HttpRules http, AccessRules access, FunctionTable functions,
    IServiceProvider services, TimeProvider time, ILogger<ReportSocket> logger)
    : IHostedService
{
    private const UnixFileMode Everybody =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private const UnixFileMode OwnersFolder =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private WebApplication? _server;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            OpenFolder();
            File.Delete(folder.Socket);
            _server = Build();
            await _server.StartAsync(cancellationToken);
            // The token alone decides: a program's user can be any.
            File.SetUnixFileMode(folder.Socket, Everybody);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            NotBound(fault, folder.Socket);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_server is not null)
        {
            await _server.StopAsync(cancellationToken);
            await _server.DisposeAsync();
        }
    }

    // Containers of an earlier process have the folder mounted, so that one is gone on with; but only if it is ours: in a
    // folder for all anybody may have made one of this name.
    [UnsupportedOSPlatform("windows")]
    private void OpenFolder()
    {
        Directory.CreateDirectory(folder.FullPath, OwnersFolder);
        if (!OwnRights.IsOwnFolder(folder.FullPath))
        {
            throw new IOException(
                $"{folder.FullPath} was made by another account, or another may write there. Remove it, or set "
                + "Speed__DataDirectory to a shorter path, in which the socket has room.");
        }

        // The umask may have taken rights away that programs of any user need.
        File.SetUnixFileMode(folder.FullPath, OwnersFolder);
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.ConfigureHttpJsonOptions(json => Wire.Configure(json.SerializerOptions));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
            kestrel.ListenUnixSocket(
                folder.Socket, socket => socket.Use(next => context => connections.ServeAsync(context, next)));
        });

        // The last one that is added listens.
        builder.Services.AddSingleton<IConnectionListenerFactory>(provider => new PacedListener.Factory(
            ActivatorUtilities.CreateInstance<SocketTransportFactory>(provider), time));

        var server = builder.Build();
        http.Use(server);
        server.Use(access.GuardSocketAsync);
        foreach (var function in functions.Functions.Where(function => function.IsOnSocket))
        {
            function.Map(server, services);
        }

        return server;
    }

    [LoggerMessage(LogLevel.Error, "The socket {Socket} could not be bound; programs cannot report through it")]
    private partial void NotBound(Exception fault, string socket);
}
