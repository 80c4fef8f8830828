using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Proxy;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: servers behind the proxy, each replaced while clients keep asking.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private const int Clients = 8;
    private const string Host = "app.example.org";

    private readonly World _world = new() { Settings = { ["Speed__Proxy__Urls"] = "http://127.0.0.1:0" } };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task No_request_fails_while_services_take_each_other_s_place()
    {
        var repository = await _world.RepositoryAsync(Server("hello"));
        var up = await UpAsync(repository);
        using var over = new CancellationTokenSource();
        var failures = new ConcurrentQueue<string>();
        var began = TimeProvider.System.GetTimestamp();
        var clients = Enumerable.Range(0, Clients)
            .Select(n => AskAsync(n % 2 == 0 ? Host : up.Text("own_host"), failures, over.Token)).ToList();

        for (var swap = 0; swap < Scale.Swaps; swap++)
        {
            up = await UpAsync(repository);
        }

        await over.CancelAsync();
        var requests = (await Task.WhenAll(clients)).Sum();
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Scale.Swaps} swaps in {seconds:F0} s: {requests} requests, {failures.Count} failed");
        Assert.Empty(failures);
        Assert.True(requests > Scale.Swaps * Clients);
    }

    [Fact]
    public async Task Whose_host_it_is_outlives_restarts_of_SPEED_and_swaps_between_them()
    {
        var owner = await _world.RepositoryAsync(Server("owner's first"));
        var other = await _world.RepositoryAsync(Server("other's"));
        await UpAsync(owner);
        await UpAsync(other);
        Assert.Equal("owner's first", await GetAsync());

        await _world.App.RestartAsync();
        Assert.Equal("owner's first", await GetAsync());
        await UpAsync(other);
        await owner.ChangeAsync(Server("owner's second"));
        var second = await UpAsync(owner);
        Assert.Equal("owner's second", await GetAsync());

        await _world.App.RestartAsync();
        Assert.Equal("owner's second", await GetAsync());
        using var canceled = await _world.App.PostAsync($"/v1/deployments/{second.Id()}/cancel", new { });
        await _world.EndAsync(second.Id());
        Assert.Equal("other's", await GetAsync());
    }

    [Fact]
    public async Task What_a_program_that_closes_each_connection_unread_says_of_a_request_reaches_its_client()
    {
        // It has read a line when it answers, and says no word of closing.
        var repository = await _world.RepositoryAsync(r => r
            .Executable(
                "answer",
                "#!/bin/sh\nread -r line\nline=${line% HTTP/1.1*}\nstatus=200\n[ \"${line%% *}\" = POST ] && status=413\n"
                + "printf 'HTTP/1.1 %s Said\\r\\nContent-Length: %s\\r\\n\\r\\n%s' $status ${#line} \"$line\"\n")
            .File(
                "Dockerfile",
                "FROM busybox\nCOPY answer /answer\nEXPOSE 8080\nHEALTHCHECK --interval=1s CMD true\nCMD exec nc -ll -p 8080 -e /answer\n"));
        await UpAsync(repository);
        using var client = NewClient();

        for (var time = 0; time < 20; time++)
        {
            using var body = new ByteArrayContent(new byte[2_000_000]);
            using var refused = await client.PostAsync($"http://{Host}/large%2F{time}", body, Now);
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, $"POST /large%2F{time}"), (refused.StatusCode, await refused.Content.ReadAsStringAsync(Now)));
            Assert.Equal($"GET /{time}?a=%2F", await client.GetStringAsync($"http://{Host}/{time}?a=%2F", Now));
        }
    }

    private static Action<GitChanges> Server(string text) => r => r.File(
        "Dockerfile",
        $"FROM busybox\nRUN mkdir /www && printf \"{text}\" > /www/index.html\nEXPOSE 8080\n"
        + "HEALTHCHECK --interval=200ms --retries=100 CMD wget -q -O /dev/null http://127.0.0.1:8080/\n"
        + "CMD exec httpd -f -p 8080 -h /www\n");

    private async Task<JsonElement> UpAsync(GitRepository repository) =>
        await _world.UpAsync(await _world.StartAsync(repository, new { hosts = new[] { Host } }));

    private async Task<string> GetAsync()
    {
        using var client = NewClient();
        return await client.GetStringAsync($"http://{Host}/", Now);
    }

    private HttpClient NewClient()
    {
        var address = _world.App.Services.GetRequiredService<ReverseProxy>().Addresses.First();
        return new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, address.Port, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    private async Task<int> AskAsync(string host, ConcurrentQueue<string> failures, CancellationToken over)
    {
        using var client = NewClient();
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
