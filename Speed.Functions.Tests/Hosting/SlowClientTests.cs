using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives SPEED over HTTP: clients that begin a request and do not go on.</summary>
/// <remarks>Nothing is advanced here: the server's own clock cuts them.</remarks>
public sealed class SlowClientTests
{
    [Theory]
    [InlineData("GET /health HTTP/1.1\r\nHost: localhost\r\n")]
    [InlineData("POST /start HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")]
    public async Task A_request_that_does_not_go_on_is_cut(string beginning)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var client = new TcpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await client.ConnectAsync("127.0.0.1", app.Client.BaseAddress!.Port, patience.Token);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(beginning), patience.Token);

        using var reader = new StreamReader(client.GetStream());
        var answer = await reader.ReadToEndAsync(patience.Token);

        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
    }
}
