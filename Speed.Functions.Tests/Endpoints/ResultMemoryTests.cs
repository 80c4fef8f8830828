using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.Sources;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: what results cost that are read slowly.</summary>
// Memory is counted for the whole process.
[Collection(nameof(ContextMemoryTests))]
public sealed class ResultMemoryTests
{
    private const int Results = 64;
    private const int Characters = 1_000_000;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/results/{0}")]
    [InlineData("/v1/deployments/{0}/results")]
    public async Task A_reader_who_takes_nothing_of_many_results_costs_no_more_than_a_page_of_them(string path)
    {
        const long Most = 16 * 1024 * 1024;
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        for (var n = 0; n < Results; n++)
        {
            await store.ReportAsync(id, new string('x', Characters), Now);
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var reader = await StopAsync(app, path.Replace("{0}", $"{id}", StringComparison.Ordinal));
        var cost = GC.GetTotalMemory(forceFullCollection: true) - before;

        Assert.True(cost <= Most, $"{cost:N0} bytes");
        Assert.True(await ReadToEndAsync(reader) > (long)Results * Characters);
    }

    // Asks and takes nothing; comes back once nothing more arrives.
    private static async Task<TcpClient> StopAsync(SpeedApp app, string path)
    {
        var client = new TcpClient { ReceiveBufferSize = 16 * 1024 };
        await client.ConnectAsync("127.0.0.1", app.Client.BaseAddress!.Port, Now);
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), Now);
        for (var (arrived, quiet) = (0, 0); quiet < 3; quiet = arrived > 0 && client.Available == arrived ? quiet + 1 : 0)
        {
            arrived = client.Available;
            await Task.Delay(50, Now);
        }

        return client;
    }

    private static async Task<long> ReadToEndAsync(TcpClient client)
    {
        var (read, bytes) = (0L, new byte[64 * 1024]);
        for (var count = 1; count > 0; read += count)
        {
            count = await client.GetStream().ReadAsync(bytes, Now);
        }

        return read;
    }
}
