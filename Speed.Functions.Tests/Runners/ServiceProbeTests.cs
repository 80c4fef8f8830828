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
    [InlineData("starting", true, false)]
    [InlineData("unhealthy", false, true)]
    public async Task A_health_check_that_starts_has_come_to_nothing_yet(string status, bool isPending, bool isConclusive)
    {
        using var probe = new ServiceProbe(SomeDeployment.Of(1));

        var answer = await probe.AskAsync(new State { Health = new Health { Status = status } }, Now);

        Assert.Equal((false, isPending, isConclusive), (answer.IsHealthy, answer.IsPending, answer.IsConclusive));
    }
}
