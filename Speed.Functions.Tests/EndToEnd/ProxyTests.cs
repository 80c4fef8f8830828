using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Speed.Proxy;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Real servers behind the proxy, each replaced by the next while clients keep asking.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private const int Clients = 8;

    private readonly World _world = new() { Settings = { ["Speed__Proxy__Urls"] = "http://127.0.0.1:0" } };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    // SPEED_SWAPS=200 for the figures in docs/services.md.
    private static int Swaps =>
        int.TryParse(Environment.GetEnvironmentVariable("SPEED_SWAPS"), out var swaps) ? swaps : 3;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task No_request_fails_while_services_take_each_other_s_place()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nRUN mkdir /www && printf hello > /www/index.html\nEXPOSE 8080\n"
            + "HEALTHCHECK --interval=200ms --retries=100 CMD wget -q -O /dev/null http://127.0.0.1:8080/\n"
            + "CMD exec httpd -f -p 8080 -h /www\n"));
        var up = await _world.UpAsync(await _world.StartAsync(repository, new { hosts = new[] { "app.example.org" } }));
        using var over = new CancellationTokenSource();
        var failures = new ConcurrentQueue<string>();
        var began = TimeProvider.System.GetTimestamp();
        var clients = Enumerable.Range(0, Clients)
            .Select(n => AskAsync(n % 2 == 0 ? "app.example.org" : up.Text("own_host"), failures, over.Token)).ToList();

        for (var swap = 0; swap < Swaps; swap++)
        {
            up = await _world.UpAsync(await _world.StartAsync(repository, new { hosts = new[] { "app.example.org" } }));
        }

        await over.CancelAsync();
        var requests = (await Task.WhenAll(clients)).Sum();
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Swaps} swaps in {seconds:F0} s: {requests} requests, {failures.Count} failed");
        Assert.Empty(failures);
        Assert.True(requests > Swaps * Clients);
    }

    private async Task<int> AskAsync(string host, ConcurrentQueue<string> failures, CancellationToken over)
    {
        var address = _world.App.Services.GetRequiredService<ReverseProxy>().Addresses.First();
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, address.Port, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler);
        var requests = 0;
        for (; !over.IsCancellationRequested; requests++)
        {
            try
            {
                using var answer = await client.GetAsync($"http://{host}/", Now);
                var text = await answer.Content.ReadAsStringAsync(Now);
                if (answer.StatusCode != HttpStatusCode.OK || text != "hello")
                {
                    failures.Enqueue($"{answer.StatusCode}: {text}");
                }
            }
            catch (HttpRequestException fault)
            {
                failures.Enqueue(fault.Message);
            }
        }

        return requests;
    }
}
