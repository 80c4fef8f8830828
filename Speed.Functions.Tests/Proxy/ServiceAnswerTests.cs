using System.Net;
using System.Text;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP: what a service answers its client sees, however carelessly it is written.</summary>
public sealed class ServiceAnswerTests : IAsyncLifetime
{
    private const string Asked = "GET / HTTP/1.1\r\nHost: app-main.localhost\r\nConnection: close\r\n\r\n";

    private ProxyWorld _world = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await ProxyWorld.OpenAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 99\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", 200, "hello")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, "")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 11\r\n\r\n", 204, "")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n", 304, "")]
    [InlineData("HTTP/1.1 500 Oh\r\nContent-Length: 5\r\n\r\nhello", 500, "hello")]
    [InlineData("HTTP/1.1 502 Oh\r\nContent-Length: 0\r\n\r\n", 502, "")]
    [InlineData("HTTP/1.1 504 Oh\r\n\r\nhello", 504, "hello")]
    [InlineData("HTTP/1.1 299 Own\r\nContent-Length: 5\r\n\r\nhello", 299, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\u0001b\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nX y: a\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nEmpty:\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    public async Task An_answer_passes_as_other_proxies_read_it(string said, int status, string text)
    {
        await using var service = await ServeAsync(said);

        var answer = await _world.AnswerAsync("http://app-main.localhost/");

        Assert.Equal((status, text), (answer.Status, answer.Text));
    }

    [Theory]
    [InlineData("", "connection_terminated")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", "connection_terminated")]
    [InlineData("hello\r\n", "http_protocol_error")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "http_protocol_error")]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n", "http_protocol_error")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", "http_protocol_error")]
    [InlineData("HTTP/1.1 abc\r\n\r\n", "http_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nno field\r\n\r\n", "http_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "http_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "http_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", "http_protocol_error")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "http_protocol_error")]
    public async Task What_is_no_answer_is_a_502_that_says_why_and_which_request_it_was(string said, string reason)
    {
        await using var service = await ServeAsync(said);

        using var answer = await _world.Client.GetAsync("http://app-main.localhost/", Now);

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        var id = Assert.Single(answer.Headers.GetValues("X-Request-Id"));
        Assert.Equal($"SPEED; error={reason}", Assert.Single(answer.Headers.GetValues("Proxy-Status")));
        Assert.Equal($"The service under this name does not answer.\nReason: {reason}. Request: {id}.\n", await answer.Content.ReadAsStringAsync(Now));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n0\r\n\r\n")]
    public async Task One_that_is_cut_is_not_taken_for_a_whole_one(string said)
    {
        await using var service = await ServeAsync(said);

        await Assert.ThrowsAsync<HttpRequestException>(() => _world.GetAsync("http://app-main.localhost/"));
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public async Task What_asks_for_a_WebSocket_without_GET_reaches_no_service_and_no_other_client_s_answer(string method)
    {
        await using var service = await ServeAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");

        var refused = await RawClient.AskAsync(
            _world.Address,
            $"{method} / HTTP/1.1\r\nHost: app-main.localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n");
        var next = await _world.AnswerAsync("http://app-main.localhost/");

        Assert.StartsWith("HTTP/1.1 400 ", refused, StringComparison.Ordinal);
        Assert.Equal((200, "hello"), (next.Status, next.Text));
    }

    [Theory]
    [InlineData(100, 200)]
    [InlineData(5000, 502)]
    public async Task A_head_that_is_folded_a_few_times_passes_and_one_without_end_costs_nothing(int folds, int status)
    {
        var said = $"HTTP/1.1 200 OK\r\nX: a\r\n{string.Concat(Enumerable.Repeat(" b\r\n", folds))}Content-Length: 5\r\n\r\nhello";
        await using var service = await ServeAsync(said);

        Assert.Equal(status, (await _world.AnswerAsync("http://app-main.localhost/")).Status);
    }

    [Fact]
    public async Task The_head_of_an_answer_is_here_before_its_first_byte()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = new RawService(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.SayAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
            await goOn.Task;
        });
        await _world.UpAsync(service.Port);

        using var client = await RawClient.SendAsync(_world.Address, Asked);
        var head = await RawClient.ReadToAsync(client, "\r\n\r\n");

        Assert.Contains("Content-Type: text/event-stream\r\n", head, StringComparison.Ordinal);
        goOn.SetResult();
    }

    [Fact]
    public async Task Two_answers_on_one_connection_are_not_taken_for_one_another_s()
    {
        await using var service = new RawService(async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                // The second one nobody asked for.
                var path = head.Split(' ')[1];
                await connection.SayAsync($"HTTP/1.1 200 OK\r\nContent-Length: {path.Length}\r\n\r\n{path}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
            }
        });
        await _world.UpAsync(service.Port);

        for (var time = 0; time < 50; time++)
        {
            Assert.Equal($"/{time}", await _world.GetAsync($"http://app-main.localhost/{time}"));
        }
    }

    [Fact]
    public async Task Headers_of_an_answer_may_be_many_and_long()
    {
        var fields = string.Concat(Enumerable.Range(0, 500).Select(n => $"X-{n}: {new string('x', 500)}\r\n"));
        await using var service = await ServeAsync($"HTTP/1.1 200 OK\r\n{fields}Content-Length: 5\r\n\r\nhello");

        var answer = await RawClient.AskAsync(_world.Address, Asked);

        Assert.Contains($"X-499: {new string('x', 500)}\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_of_a_header_are_as_the_service_wrote_them()
    {
        await using var service = await ServeAsync("HTTP/1.1 200 Gr\u00fc\u00df\r\nX-Name: n\u00e4\u00efve\tx\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\nhello");

        var answer = await RawClient.AskAsync(_world.Address, Asked);

        Assert.Contains("X-Name: n\u00e4\u00efve\tx\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", answer, StringComparison.Ordinal);
    }

    private async Task<RawService> ServeAsync(string said)
    {
        var service = new RawService(async connection =>
        {
            if (await connection.ReadHeadAsync() is not null)
            {
                await connection.Stream.WriteAsync(Encoding.Latin1.GetBytes(said), Now);
            }
        });
        await _world.UpAsync(service.Port);
        return service;
    }
}
