using System.Net;
using System.Net.Sockets;
using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real HTTP: what counts as an answer of a service that comes up.</summary>
public sealed class ServiceProbeTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 500 Broken\r\nContent-Length: 100\r\n\r\nno database", "answered 500: no database")]
    [InlineData("HTTP/1.1 500 Broken\r\n", "got no answer within 1 s.")]
    public async Task An_answer_that_stalls_is_one_as_far_as_it_came_in_time(string sent, string answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var probe = new ServiceProbe(SomeDeployment.Of(
            1, options => options with { Health = new HealthOption { Path = "/", TimeoutSeconds = 1 } }) with
        {
            Endpoints = [new PublishedPort(8080, port)],
        });

        var asking = probe.AskAsync(new State(), Now);
        using var client = await listener.AcceptSocketAsync(Now);
        await client.SendAsync(System.Text.Encoding.ASCII.GetBytes(sent), Now);

        Assert.Equal(new ProbeAnswer(false, false, $"GET / on port 8080 {answer}"), await asking.WaitAsync(TimeSpan.FromMinutes(1), Now));
    }

    [Theory]
    [InlineData(null, "app.example.org other.example.org", "app.example.org")]
    [InlineData(null, "", "hello-main-x.localhost")]
    [InlineData("127.0.0.1:8080", "app.example.org", "127.0.0.1:8080")]
    public async Task It_asks_under_the_name_that_its_users_have(string? host, string hosts, string asked)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var probe = new ServiceProbe(SomeDeployment.Of(1, options => options with
        {
            Health = new HealthOption { Path = "/health", Host = host },
            Hosts = hosts.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        }) with
        {
            Endpoints = [new PublishedPort(8080, port)],
            OwnHosts = ["hello-main-x.localhost"],
        });

        var asking = probe.AskAsync(new State(), Now);
        using var client = await listener.AcceptTcpClientAsync(Now);
        using var reader = new StreamReader(client.GetStream());
        List<string> lines = [];
        while (await reader.ReadLineAsync(Now) is { Length: > 0 } line)
        {
            lines.Add(line);
        }

        await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"u8.ToArray(), Now);

        Assert.Equal("GET /health HTTP/1.1", lines[0]);
        Assert.Contains($"Host: {asked}", lines);
        Assert.Equal(
            new ProbeAnswer(false, false, $"GET /health on port 8080 answered 400, asked as {asked}: no"),
            await asking.WaitAsync(TimeSpan.FromMinutes(1), Now));
    }

    [Fact]
    public async Task Where_no_port_is_named_the_first_that_answers_is_asked()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var closed = ((IPEndPoint)silent.LocalEndpoint).Port;
        silent.Stop();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var probe = new ServiceProbe(
            SomeDeployment.Of(1, options => options with { Health = new HealthOption { Path = "/" } }) with
            {
                Endpoints = [new PublishedPort(80, closed), new PublishedPort(8080, port)],
            });

        var asking = probe.AskAsync(new State(), Now);
        using var tried = await listener.AcceptTcpClientAsync(Now);
        using var asked = await listener.AcceptTcpClientAsync(Now);
        await asked.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray(), Now);

        Assert.Equal(new ProbeAnswer(true, true, "GET / on port 8080 answered 204."), await asking);
        Assert.Equal([8080], await probe.ListAnsweringPortsAsync(Now));
    }

    [Fact]
    public async Task Where_no_port_can_be_reached_none_is_passed_over()
    {
        using var probe = new ServiceProbe(
            SomeDeployment.Of(1) with { Endpoints = [new PublishedPort(9000, 1), new PublishedPort(80, 2)] }, isReachable: false);

        Assert.Equal([9000, 80], await probe.ListAnsweringPortsAsync(Now));
    }

    [Theory]
    [InlineData("starting", true, false)]
    [InlineData("unhealthy", false, true)]
    public async Task A_health_check_that_starts_has_come_to_nothing_yet(string status, bool isPending, bool isConclusive)
    {
        using var probe = new ServiceProbe(SomeDeployment.Of(1));

        var answer = await probe.AskAsync(new State { Health = new Health { Status = status } }, Now);

        Assert.Equal((false, isPending, isConclusive), (answer.IsHealthy, answer.IsPending, answer.IsConclusive));
    }
}
