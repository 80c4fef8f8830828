using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Speed.Data;
using Speed.Deployments;
using Speed.Proxy;
using Speed.Security;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>A proxy over a real store, with servers of the test's own in the place of containers.</summary>
internal sealed class ProxyWorld : IAsyncDisposable
{
    private readonly TempFolder _folder = TempFolder.InMemory();
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly Bell _bell = new();
    private readonly FakeTimeProvider _time = new();
    private readonly SqliteStores _stores;
    private readonly HostTable _hosts;
    private readonly ReverseProxy _proxy;

    private ProxyWorld((string Name, string Value)[] settings, string[] allowedHosts)
    {
        _stores = new SqliteStores(new StoreOptions { DataDirectory = _folder.FullPath }, _bell, _time);
        Traffic = new Traffic(_time);
        var proxy = ProxySettings.Read(TestSettings.Of([.. settings]));
        _hosts = new HostTable(
            _stores.Deployments, _bell, new AccessSettings { AllowedHosts = allowedHosts }, Log);
        _proxy = new ReverseProxy(
            proxy, _hosts, new Certificates(proxy, _time, NullLogger<Certificates>.Instance), Traffic, _time,
            ProxyLog);
        Client = NewClient();
    }

    public Traffic Traffic { get; }

    /// <summary>What was logged of hosts.</summary>
    public KeptLog<HostTable> Log { get; } = new();

    /// <summary>The file with the deployments.</summary>
    public string Database => _folder.File("deployments.db");

    public IServiceStore Services => _stores.Deployments;

    /// <summary>Reaches the proxy whatever the host of the address is.</summary>
    public HttpClient Client { get; }

    public Uri Address => Addresses.First();

    public IEnumerable<Uri> Addresses => _proxy.Addresses;

    /// <summary>What the proxy itself logged.</summary>
    public KeptLog<ReverseProxy> ProxyLog { get; } = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static async Task<ProxyWorld> OpenAsync(
        (string Name, string Value)[]? settings = null, string[]? allowedHosts = null)
    {
        var world = new ProxyWorld(settings ?? [("Speed__Proxy__Urls", "http://127.0.0.1:0")], allowedHosts ?? []);
        try
        {
            await world._proxy.StartAsync(Now);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public void Advance(TimeSpan by) => _time.Advance(by);

    /// <summary>A server that says this, and its port.</summary>
    public Task<int> ServerAsync(string text) => ServerAsync(context => context.Response.WriteAsync(text, Now));

    public async Task<int> ServerAsync(
        RequestDelegate serve, HttpProtocols protocols = HttpProtocols.Http1, Action<KestrelServerLimits>? limits = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0")
            .ConfigureKestrel(kestrel =>
            {
                limits?.Invoke(kestrel.Limits);
                kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = protocols);
            });
        var server = builder.Build();
        server.UseWebSockets();
        server.Run(serve);
        await server.StartAsync(Now);
        _servers.Add(server);
        return new Uri(server.Urls.First()).Port;
    }

    /// <summary>A deployment of the repository <c>https://git.example/NAME.git</c> that is up at this port.</summary>
    public Task<Deployment> UpAsync(int port, string name = "app", string branch = "main", params string[] hosts)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return UpAsync(_stores.Deployments, port, name, branch, hosts);
    }

    /// <summary>The same in any store; the queue must be empty.</summary>
    public static async Task<Deployment> UpAsync(
        DbManager store, int port, string name = "app", string branch = "main", params string[] hosts)
    {
        var options = SomeOptions.Of($"https://git.example/{name}.git") with { Branch = branch, Hosts = hosts };
        return await UpAsync(store, options, port);
    }

    /// <summary>One with these options, which say its branch.</summary>
    public static async Task<Deployment> UpAsync(DbManager store, DeploymentOptions options, int port)
    {
        await store.AddAsync(new NewDeployment(options, null, 500), Now);
        var claim = (await store.ClaimNextAsync("worker-1", Now))!.Claim;
        await store.RecordCommitAsync(claim, options.Branch!, new string('a', 40), Now);
        await store.EnterPhaseAsync(claim, DeploymentPhase.Build, Now);
        await store.RecordImageAsync(claim, $"sha256:{new string('b', 64)}", Now);
        await store.EnterPhaseAsync(claim, DeploymentPhase.Run, Now);
        await store.RecordKindAsync(claim, DeploymentKind.Service, [new PublishedPort(8080, port)], Now);
        Assert.True(await store.AskStartAsync(claim, Now));
        Assert.Equal(UpOutcome.Up, await store.BecomeUpAsync(claim, Now));
        return (await store.FindAsync(claim.Id, Now))!;
    }

    /// <summary>Has one that is up wait to be started again.</summary>
    public async Task GoDownAsync(Deployment service) =>
        Assert.True(await _stores.Deployments.GoDownAsync(
            service.Claim, new Restarting(RestartReason.Exit, 1, 1, 1), Now));

    /// <summary>Brings that one up again.</summary>
    public async Task UpAgainAsync(Deployment service) =>
        Assert.Equal(UpOutcome.Up, await _stores.Deployments.BecomeUpAsync(service.Claim, Now));

    /// <summary>Ends one that was up.</summary>
    public async Task EndAsync(Deployment service) => Assert.True(await _stores.Deployments.SettleAsync(
        service.Claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now));

    public Task<string> GetAsync(string url) => Client.GetStringAsync(url, Now);

    public async Task<Answer> AnswerAsync(string url)
    {
        using var answer = await Client.GetAsync(url, Now);
        return await Answer.ReadAsync(answer);
    }

    public SocketsHttpHandler NewHandler() => new()
    {
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
        ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, Address.Port, token);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _proxy.StopAsync(CancellationToken.None);
        _proxy.Dispose();
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _hosts.Dispose();
        _stores.Dispose();
        _folder.Dispose();
    }

    private HttpClient NewClient() => new(NewHandler()) { Timeout = TimeSpan.FromSeconds(30) };
}
