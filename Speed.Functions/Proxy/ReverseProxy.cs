using System.Net.Security;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Speed.Deployments;
using Yarp.ReverseProxy.Forwarder;

namespace Speed.Proxy;

/// <summary>
/// A server of its own in front of the services, at the addresses the operator chose. It knows ports of services and
/// nothing else: SPEED's own interface cannot be reached through it.
/// </summary>
internal sealed partial class ReverseProxy(
    ProxySettings settings, HostTable hosts, Certificates certificates, Traffic traffic, TimeProvider time,
    ILogger<ReverseProxy> logger, TrafficMeter? meter = null)
    : IHostedService, IDisposable
{
    // They share the process with SPEED, which needs room for files of its own.
    private const int MostConnections = 10_000;

    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(5);

    private readonly ServiceClients _clients = new(settings.MaxHeaderBytes);
    private readonly AccessLog? _log = settings.AccessLog is null ? null : new AccessLog(settings, time, meter, logger);
    private WebApplication? _server;

    /// <summary>Where it listens, with the ports it got.</summary>
    public IEnumerable<Uri> Addresses => _server!.Urls.Select(url => new Uri(url));

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Urls.Any(url => url.IsTls))
        {
            certificates.Load();
        }

        _log?.Open();
        _server = Build();
        await _server.StartAsync(cancellationToken);
        foreach (var url in _server.Urls)
        {
            Listening(url);
        }
    }

    /// <summary>Requests that are within have five seconds; streams end with SPEED.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_server is not null)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(LastAnswers);
            await _server.StopAsync(limit.Token);
            await _server.DisposeAsync();
        }

        await (_log?.CloseAsync() ?? Task.CompletedTask);
    }

    public void Dispose()
    {
        _clients.Dispose();
        _log?.Dispose();
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddLogging();
        builder.Services.AddHttpForwarder();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            Limit(kestrel);
            foreach (var url in settings.Urls)
            {
                Listen(kestrel, url);
            }
        });

        var server = builder.Build();
        var forwarding = new Forwarding(
            hosts, traffic, server.Services.GetRequiredService<IHttpForwarder>(), _clients, new ServiceRequest(settings), time,
            logger);
        server.Run(new Recording(forwarding, settings, _log, meter, time).ServeAsync);
        return server;
    }

    private void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MaxConcurrentConnections = MostConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = MostConnections;
        // A service may want less, and says so itself.
        kestrel.Limits.MaxRequestBufferSize = Math.Max(settings.MaxHeaderBytes, 1024 * 1024);
        kestrel.Limits.MaxRequestLineSize = settings.MaxHeaderBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = settings.MaxHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = settings.MaxHeaders;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = settings.MaxHeaderBytes;
        // How much and how slowly is between a service and its clients.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        // Byte for byte, as the client sent them.
        kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
    }

    private void Listen(KestrelServerOptions kestrel, ProxyAddress url)
    {
        if (url.Address is { } address)
        {
            kestrel.Listen(address, url.Port, Secure);
        }
        else
        {
            kestrel.ListenAnyIP(url.Port, Secure);
        }

        void Secure(ListenOptions listen)
        {
            if (url.IsTls)
            {
                listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = ChooseAsync });
            }
        }
    }

    private ValueTask<SslServerAuthenticationOptions> ChooseAsync(TlsHandshakeCallbackContext connection) => new(
        new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificates.For(connection.ClientHelloInfo.ServerName),
        });

    [LoggerMessage(LogLevel.Information, "The proxy listens on {Address}")]
    private partial void Listening(string address);
}
