using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Speed.Deployments;
using Speed.Proxy;
using Speed.Security;

namespace Speed.Benchmarks;

/// <summary>
/// Requests a second and their 99th percentile, straight to a service and through the proxy, by turns in one run. Not
/// one of BenchmarkDotNet's: many clients at once are what matters here.
/// </summary>
internal static class ProxyBenchmarks
{
    private const int Clients = 32;
    private const int Rounds = 5;

    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(5);

    public static async Task RunAsync()
    {
        await using var server = await StartServerAsync();
        var port = new Uri(server.Urls.First()).Port;
        var settings = ProxySettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("Speed:Proxy:Urls", (string?)"http://127.0.0.1:0")]).Build());
        using var hosts = new HostTable(new OneService(port), new Bell(), new AccessSettings(), NullLogger<HostTable>.Instance);
        using var proxy = new ReverseProxy(
            settings, hosts, new Certificates(settings, TimeProvider.System, NullLogger<Certificates>.Instance),
            new Traffic(TimeProvider.System), TimeProvider.System, NullLogger<ReverseProxy>.Instance);
        await proxy.StartAsync(CancellationToken.None);
        var direct = new Uri($"http://127.0.0.1:{port}/");
        var proxied = proxy.Addresses.First();
        await MeasureAsync(direct, Warming);
        await MeasureAsync(proxied, Warming);

        var pairs = new List<(Figures Direct, Figures Proxied)>();
        for (var round = 0; round < Rounds; round++)
        {
            pairs.Add((await MeasureAsync(direct, Round), await MeasureAsync(proxied, Round)));
            Console.WriteLine($"direct: {pairs[^1].Direct}   through the proxy: {pairs[^1].Proxied}");
        }

        var ratios = pairs.Select(pair => pair.Proxied.PerSecond / pair.Direct.PerSecond).Order().ToList();
        Console.WriteLine($"through the proxy / direct, median of {Rounds}: {ratios[Rounds / 2]:F2} ({ratios[0]:F2} to {ratios[^1]:F2})");
        await proxy.StopAsync(CancellationToken.None);
    }

    private static async Task<WebApplication> StartServerAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(context => context.Response.WriteAsync("hello"));
        await server.StartAsync();
        return server;
    }

    private static async Task<Figures> MeasureAsync(Uri url, TimeSpan during)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false });
        client.DefaultRequestHeaders.Host = "app.example.org";
        var began = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            var mine = new List<double>();
            while (Stopwatch.GetElapsedTime(began) < during)
            {
                var asked = Stopwatch.GetTimestamp();
                using var answer = await client.GetAsync(url);
                if (answer.StatusCode != HttpStatusCode.OK)
                {
                    throw new InvalidOperationException($"{url} answered {answer.StatusCode}.");
                }

                mine.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }

            return mine;
        }));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var all = latencies.SelectMany(one => one).Order().ToList();
        return new Figures(all.Count / seconds, all[all.Count * 99 / 100]);
    }

    private sealed record Figures(double PerSecond, double P99)
    {
        public override string ToString() => $"{PerSecond:F0}/s, p99 {P99:F2} ms";
    }

    /// <summary>A store in which one service is up.</summary>
    private sealed class OneService(int port) : IServiceStore
    {
        private readonly Deployment _service = new()
        {
            Id = 1,
            WorkerId = Guid.Empty,
            Options = new DeploymentOptions
            {
                Url = "https://example.com/app.git",
                Hosts = ["app.example.org"],
                Timeouts = new Timeouts(),
                BuildResources = new BuildResources(),
                Resources = new Resources(),
            },
            Status = DeploymentStatus.Running,
            Version = 1,
            Attempt = 1,
            Epoch = 1,
            RunBy = RunBy.Speed,
            Endpoints = [new PublishedPort(8080, port)],
            CreatedAt = DateTimeOffset.UnixEpoch,
            UpAt = DateTimeOffset.UnixEpoch,
        };

        public Task<IReadOnlyList<Deployment>> ListServicesAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<Deployment>>([_service]);

        public Task<long?> FindEldestAsync(IReadOnlyList<long> ids, string? host, CancellationToken cancellationToken) =>
            Task.FromResult<long?>(null);

        public Task<bool> RecordProxyPortAsync(Claim claim, int port, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> HasHeldPortAsync(
            DeploymentOptions asked, int port, bool inAnyBranch, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> HasHeldHostAsync(DeploymentOptions asked, string host, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<IReadOnlyList<Deployment>> ListReplacedAsync(long id, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> RecordKindAsync(
            Claim claim, DeploymentKind kind, IReadOnlyList<PublishedPort> endpoints, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<IReadOnlyList<PublishedPort>> FindKeptEndpointsAsync(long id, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<UpOutcome> BecomeUpAsync(Claim claim, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<Deployment?> BeginRunAnewAsync(Claim claim, int restarts, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> GoDownAsync(Claim claim, Restarting restarting, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> RecordHealthAsync(Claim claim, string? unhealthy, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<IReadOnlyList<long>?> AskToYieldAsync(
            Claim claim, IReadOnlyList<int> hostPorts, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
