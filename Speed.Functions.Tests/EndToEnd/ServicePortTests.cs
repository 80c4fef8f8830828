using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Proxy;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: which of a service's ports the proxy asks, and which are published.</summary>
public sealed class ServicePortTests : IAsyncLifetime
{
    private const string Base = "exposing-of-speed-tests:latest";

    private readonly World _world = new() { Settings = { ["Speed__Proxy__Urls"] = "http://127.0.0.1:0" } };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_port_of_the_base_image_where_nobody_listens_is_passed_over()
    {
        await MakeBaseAsync();
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM {Base}\nEXPOSE 8080\n{Serving((8080, "mine"))}"));

        var up = await _world.UpAsync(await _world.StartAsync(repository));

        Assert.Equal([8080, 80], PortsOf(up));
        Assert.Equal(8080, up.GetProperty("proxy_port").GetInt32());
        Assert.Equal("mine", await AskProxyAsync(up));
        await _world.SeesLineAsync(
            up.Id(), $"Up: listening at {Services.AddressOf(up)}; nothing takes connections on port 80 yet");
    }

    [Fact]
    public async Task Of_several_that_answer_it_is_the_first_that_the_Dockerfile_has_and_those_of_its_base_come_last()
    {
        await MakeBaseAsync();
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM {Base}\nEXPOSE 9000 8080\n{Serving((9000, "first"), (8080, "second"), (80, "base"))}"));

        var up = await _world.UpAsync(await _world.StartAsync(repository));
        var retried = await _world.UpAsync(await RetryAsync(up));
        var asked = await _world.UpAsync(await _world.StartAsync(
            repository, new { ports = new[] { new { container = 80 }, new { container = 9000 } } }));

        Assert.Equal([9000, 8080, 80], PortsOf(up));
        Assert.Equal([9000, 8080, 80], PortsOf(retried));
        Assert.Equal("base", await AskProxyAsync(asked));
        Assert.Equal(
            [9000, 9000, 80],
            new[] { up, retried, asked }.Select(one => one.GetProperty("proxy_port").GetInt32()));
    }

    [Fact]
    public async Task What_was_chosen_stays_for_that_deployment_even_where_the_port_before_it_answers_later()
    {
        // Its second run listens on both.
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nRUN mkdir /a /b && printf late > /a/index.html && printf early > /b/index.html\nEXPOSE 8080 9090\n"
            + "CMD [ -e /data/ran ] && httpd -p 8080 -h /a; touch /data/ran; exec httpd -f -p 9090 -h /b\n"));
        var up = await _world.UpAsync(await _world.StartAsync(
            repository,
            new { restart = "on-failure", health = new { path = "/" }, volumes = new[] { new { name = "data", path = "/data" } } }));
        Assert.Equal("early", await AskProxyAsync(up));

        await _world.SignalAsync(up.Id(), "KILL");
        await _world.WaitForAttemptAsync(up.Id(), 2);
        var again = await _world.UpAsync(up.Id());

        Assert.Equal(9090, again.GetProperty("proxy_port").GetInt32());
        Assert.Equal("early", await AskProxyAsync(again));
    }

    [Fact]
    public async Task Of_two_hundred_ports_32_are_published_and_the_log_says_so()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nRUN mkdir /www && printf it > /www/index.html\nEXPOSE 20000-20199\n"
            + "CMD exec httpd -f -p 20003 -h /www\n"));

        var up = await _world.UpAsync(await _world.StartAsync(repository, new { health = new { path = "/" } }));

        Assert.Equal(Enumerable.Range(20_000, 32), PortsOf(up));
        Assert.Equal((20_003, "it"), (up.GetProperty("proxy_port").GetInt32(), await AskProxyAsync(up)));
        var told = Assert.Single(
            (await _world.LogAsync(up)).Split('\n'), line => line.Contains("exposes", StringComparison.Ordinal));
        Assert.EndsWith(
            "The image exposes 200 ports: 32 of them are published. Name those that are needed in `ports`.", told,
            StringComparison.Ordinal);
    }

    private static async Task MakeBaseAsync()
    {
        var id = (await DockerCli.RunAsync("create", "busybox")).Trim();
        await DockerCli.RunAsync("commit", "--change", "EXPOSE 80", id, Base);
        await DockerCli.RunAsync("rm", id);
    }

    private static string Serving(params (int Port, string Text)[] servers)
    {
        var pages = string.Concat(servers.Select(
            one => $"RUN mkdir -p /www/{one.Port} && printf {one.Text} > /www/{one.Port}/index.html\n"));
        var programs = string.Join(
            "; ", servers.Skip(1).Select(one => $"httpd -p {one.Port} -h /www/{one.Port}")
                .Append($"exec httpd -f -p {servers[0].Port} -h /www/{servers[0].Port}"));
        return $"{pages}HEALTHCHECK --interval=1s CMD wget -q -O /dev/null http://127.0.0.1:{servers[0].Port}/\nCMD {programs}\n";
    }

    private static IEnumerable<int> PortsOf(JsonElement deployment) =>
        deployment.GetProperty("endpoints").EnumerateArray().Select(one => one.GetProperty("container").GetInt32());

    private async Task<long> RetryAsync(JsonElement deployment)
    {
        using var canceled = await _world.App.PostAsync($"/v1/deployments/{deployment.Id()}/cancel", new { });
        await _world.EndAsync(deployment.Id());
        using var answer = await _world.App.PostAsync($"/v1/deployments/{deployment.Id()}/retry", new { });
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Now)).RootElement.Id();
    }

    private async Task<string> AskProxyAsync(JsonElement deployment)
    {
        var address = _world.App.Services.GetRequiredService<ReverseProxy>().Addresses.First();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, address.Port, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        return await client.GetStringAsync($"http://{deployment.Text("own_host")}/", Now);
    }
}
