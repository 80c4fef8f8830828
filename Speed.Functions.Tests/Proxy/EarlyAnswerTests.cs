using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP: an answer reaches the client whenever the service gives it, and a request is not done twice.</summary>
public sealed class EarlyAnswerTests : IAsyncLifetime
{
    private const string Head = "POST / HTTP/1.1\r\nHost: app-main.localhost\r\n";

    private ProxyWorld _world = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await ProxyWorld.OpenAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("too large", "Content-Length: 9\r\n\r\ntoo large")]
    [InlineData("too large", "Connection: close\r\n\r\ntoo large")]
    [InlineData("", "Content-Length: 0\r\n\r\n")]
    public async Task A_refusal_that_comes_before_the_body_reaches_the_client_though_the_service_closes(string text, string rest)
    {
        await using var service = new RawService(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.SayAsync($"HTTP/1.1 413 Too Large\r\n{rest}");
        });
        await _world.UpAsync(service.Port);

        // More than all buffers on the way: the service closes while it is being sent.
        for (var time = 0; time < 20; time++)
        {
            using var client = await RawClient.SendAsync(_world.Address, $"{Head}Content-Length: 50000000\r\n\r\n");
            var sending = SendAsync(client, 50_000_000);

            var answer = await RawClient.ReadToAsync(client, text.Length > 0 ? text : "\r\n\r\n");

            Assert.StartsWith("HTTP/1.1 413 Too Large\r\n", answer, StringComparison.Ordinal);
            client.Close();
            await sending;
        }
    }

    [Theory]
    [InlineData("Content-Length: 100000000\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n")]
    public async Task It_does_so_while_the_service_neither_reads_nor_closes_and_the_client_waits_with_the_body(string framing)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = new RawService(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.AnswerAsync("no", 401);
            await over.Task;
        });
        await _world.UpAsync(service.Port);
        using var client = await RawClient.SendAsync(_world.Address, $"{Head}{framing}");

        var answer = await RawClient.ReadToAsync(client, "no");

        Assert.StartsWith("HTTP/1.1 401 Said\r\n", answer, StringComparison.Ordinal);
        over.SetResult();
    }

    [Fact]
    public async Task An_answer_of_5xx_without_a_body_stays_the_service_s_own()
    {
        await using var service = new RawService(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.SayAsync("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        });
        await _world.UpAsync(service.Port);
        using var client = await RawClient.SendAsync(_world.Address, $"{Head}Content-Length: 50000000\r\n\r\n");
        var sending = SendAsync(client, 50_000_000);

        var answer = await RawClient.ReadToAsync(client, "\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 503 Busy\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 7\r\n", answer, StringComparison.Ordinal);
        client.Close();
        await sending;
    }

    [Fact]
    public async Task Request_and_answer_may_be_on_their_way_at_once()
    {
        await _world.UpAsync(await _world.ServerAsync(async context =>
        {
            var buffer = new byte[100];
            for (int read; (read = await context.Request.Body.ReadAsync(buffer, Now)) > 0;)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), Now);
                await context.Response.Body.FlushAsync(Now);
            }
        }));
        using var client = await RawClient.SendAsync(_world.Address, $"{Head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");

        for (var n = 0; n < 10; n++)
        {
            // Each is answered before the next one is said.
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"4\r\nword\r\n"), Now);
            Assert.EndsWith("word", await RawClient.ReadToAsync(client, "word"), StringComparison.Ordinal);
        }

        await client.GetStream().WriteAsync("0\r\n\r\n"u8.ToArray(), Now);
        Assert.EndsWith("0\r\n\r\n", await RawClient.ReadToAsync(client, "0\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_is_asked_for_by_the_service_and_not_sent_where_it_wants_none()
    {
        var heads = new List<string>();
        await using var service = new RawService(async connection =>
        {
            heads.Add((await connection.ReadHeadAsync())!);
            if (connection.Number == 1)
            {
                await connection.AnswerAsync("no", 417);
                Assert.Null(await connection.ReadHeadAsync());
                return;
            }

            await connection.SayAsync("HTTP/1.1 100 Continue\r\n\r\n");
            var body = new byte[4];
            await connection.Stream.ReadExactlyAsync(body, Now);
            await connection.AnswerAsync(Encoding.ASCII.GetString(body));
        });
        await _world.UpAsync(service.Port);
        const string Asking = $"{Head}Expect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";

        using var refused = await RawClient.SendAsync(_world.Address, Asking);
        Assert.StartsWith("HTTP/1.1 417 ", await RawClient.ReadToAsync(refused, "no"), StringComparison.Ordinal);
        using var client = await RawClient.SendAsync(_world.Address, Asking);
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await RawClient.ReadToAsync(client, "\r\n\r\n"));
        await client.GetStream().WriteAsync("body"u8.ToArray(), Now);

        Assert.StartsWith("HTTP/1.1 200 ", await RawClient.ReadToAsync(client, "body"), StringComparison.Ordinal);
        Assert.All(heads, head => Assert.Contains("Expect: 100-continue", head, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("POST", "body")]
    [InlineData("POST", "")]
    [InlineData("DELETE", "")]
    [InlineData("PUT", "body")]
    [InlineData("GET", "")]
    [InlineData("HEAD", "")]
    public async Task No_request_fails_where_the_service_closes_each_connection_behind_its_answer_without_a_word(string method, string body)
    {
        var served = 0;
        await using var service = new RawService(async connection =>
        {
            var head = (await connection.ReadHeadAsync())!;
            await connection.Stream.ReadExactlyAsync(new byte[body.Length], Now);
            Interlocked.Increment(ref served);
            await (head.StartsWith("HEAD", StringComparison.Ordinal) ? connection.SayAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n") : connection.AnswerAsync("ok"));
        });
        await _world.UpAsync(service.Port);

        for (var time = 0; time < 200; time++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "http://app-main.localhost/");
            request.Content = body.Length > 0 ? new StringContent(body) : null;
            using var answer = await _world.Client.SendAsync(request, Now);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(200, served);
    }

    [Theory]
    [InlineData("POST", 1)]
    [InlineData("DELETE", 1)]
    [InlineData("GET", 2)]
    public async Task What_has_no_body_and_may_have_been_done_is_asked_for_again_only_where_it_changes_nothing(string method, int times)
    {
        var seen = 0;
        await using var service = new RawService(async connection =>
        {
            // The first request of the first connection is answered, so that it is kept. The next one is taken, and then it closes.
            while (await connection.ReadHeadAsync() is { } head)
            {
                if (head.StartsWith("GET /first", StringComparison.Ordinal))
                {
                    await connection.AnswerAsync("ok");
                    continue;
                }

                Interlocked.Increment(ref seen);
                return;
            }
        });
        await _world.UpAsync(service.Port);
        Assert.Equal("ok", await _world.GetAsync("http://app-main.localhost/first"));

        using var request = new HttpRequestMessage(new HttpMethod(method), "http://app-main.localhost/");
        using var answer = await _world.Client.SendAsync(request, Now);

        Assert.Equal((HttpStatusCode.BadGateway, times), (answer.StatusCode, seen));
    }

    [Fact]
    public async Task Connections_are_used_again_for_what_may_be_asked_twice()
    {
        await using var service = new RawService(async connection =>
        {
            while (await connection.ReadHeadAsync() is not null)
            {
                await connection.AnswerAsync($"{connection.Number}");
            }
        });
        await _world.UpAsync(service.Port);

        for (var time = 0; time < 10; time++)
        {
            Assert.Equal("1", await _world.GetAsync("http://app-main.localhost/"));
        }

        using var post = await _world.Client.PostAsync("http://app-main.localhost/", null, Now);
        Assert.Equal("2", await post.Content.ReadAsStringAsync(Now));
    }

    private static async Task SendAsync(TcpClient client, int length)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (var sent = 0; sent < length; sent += buffer.Length)
            {
                await client.GetStream().WriteAsync(buffer, Now);
            }
        }
        catch (Exception end) when (end is IOException or ObjectDisposedException)
        {
            // The proxy takes no more of it, or the test has seen enough.
        }
    }
}
