using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Speed.Endpoints;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: the socket that all programs report through, and one that wants it for itself.</summary>
[Trait("Host", "Both")]
public sealed class ReportConnectionTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_connections_that_show_nothing_keep_nobody_out_and_most_of_them_are_closed()
    {
        const int Many = 1_000;
        var time = new FakeTimeProvider();
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" }, services => services.AddSingleton<TimeProvider>(time));
        var id = await app.StartAsync(Url);
        using var program = app.OpenReports(await app.LeaderTokenAsync(id));
        var begun = time.GetUtcNow();
        var ended = EndAsync();

        // They are taken so many a second. Nobody's ten seconds come to an end.
        while (!ended.IsCompleted && time.GetUtcNow() - begun < TimeSpan.FromSeconds(9))
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.WhenAny(ended, Task.Delay(1, Now));
        }

        await ended.WaitAsync(TimeSpan.FromSeconds(20), Now);
        Assert.Equal("it gets through", await app.ResultsAsync(id));

        async Task EndAsync()
        {
            var idle = new List<Socket>();
            for (var n = 0; n < Many; n++)
            {
                idle.Add(await app.ConnectAsync());
            }

            Assert.Equal(200, (await program.ReportAsync(id, "it gets through")).Status);
            Assert.Equal(200, (await program.UpdateAsync(id, "Succeeded")).Status);
            var closed = 0;
            await foreach (var _ in Task.WhenEach(idle.Select(IsClosedAsync)))
            {
                if (++closed == Many - ReportConnections.MostUnproved)
                {
                    break;
                }
            }

            idle.ForEach(socket => socket.Dispose());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("POST /add_results/1 HTTP/1.1\r\nHost: speed\r\nAuthorization: Bearer spl_1_0_wrong\r\nContent-Length: 0\r\n\r\n")]
    public async Task A_connection_that_shows_no_good_token_is_closed_after_ten_seconds_and_one_that_did_is_not(string sent)
    {
        var time = new FakeTimeProvider();
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" }, services => services.AddSingleton<TimeProvider>(time));
        var id = await app.StartAsync(Url);
        using var proved = await app.ConnectAsync();
        Assert.Equal("HTTP/1.1 200", await ReportAsync(proved, id, await app.LeaderTokenAsync(id)));
        using var other = await app.ConnectAsync();
        await other.SendAsync(Encoding.ASCII.GetBytes(sent), Now);
        var begun = time.GetUtcNow();

        var closed = IsClosedAsync(other);
        while (!closed.IsCompleted)
        {
            // It may have to be taken first.
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(closed, Task.Delay(20, Now));
        }

        await closed;
        Assert.True(time.GetUtcNow() - begun >= TimeSpan.FromSeconds(10), $"after {time.GetUtcNow() - begun}");
        Assert.Equal("HTTP/1.1 200", await ReportAsync(proved, id, await app.LeaderTokenAsync(id)));
    }

    [Fact]
    public async Task A_deployment_has_so_many_connections_and_one_more_closes_its_own_that_was_used_longest_ago()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Results__Connections"] = "2" });
        var (id, another) = (await app.StartAsync(Url), await app.StartAsync(Url));
        var (key, anothersKey) = (await app.LeaderTokenAsync(id), await app.LeaderTokenAsync(another));
        using var theirs = await app.ConnectAsync();
        using var first = await app.ConnectAsync();
        using var second = await app.ConnectAsync();
        using var third = await app.ConnectAsync();

        Assert.Equal("HTTP/1.1 200", await ReportAsync(theirs, another, anothersKey));
        Assert.Equal("HTTP/1.1 200", await ReportAsync(first, id, key));
        Assert.Equal("HTTP/1.1 200", await ReportAsync(second, id, key));
        Assert.Equal("HTTP/1.1 200", await ReportAsync(first, id, key));
        Assert.Equal("HTTP/1.1 200", await ReportAsync(third, id, key));

        await IsClosedAsync(second);
        Assert.Equal("HTTP/1.1 200", await ReportAsync(first, id, key));
        Assert.Equal("HTTP/1.1 200", await ReportAsync(third, id, key));
        Assert.Equal("HTTP/1.1 200", await ReportAsync(theirs, another, anothersKey));
    }

    // Returns once the other side has closed it, whatever it has said before.
    private static async Task IsClosedAsync(Socket socket)
    {
        var bytes = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(bytes, Now) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset: closed, too.
        }
    }

    // Gives how the answer begins, which came whole.
    private static async Task<string> ReportAsync(Socket socket, long id, string key)
    {
        const string Body = """{"results":"x"}""";
        await socket.SendAsync(
            Encoding.ASCII.GetBytes(
                $"POST /add_results/{id} HTTP/1.1\r\nHost: speed\r\nAuthorization: Bearer {key}\r\n"
                + $"Content-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"),
            Now);
        var (answer, bytes) = ("", new byte[4096]);
        while (!answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(bytes, Now);
            Assert.True(count > 0, $"It was closed after: {answer}");
            answer += Encoding.ASCII.GetString(bytes, 0, count);
        }

        return answer[..12];
    }
}
