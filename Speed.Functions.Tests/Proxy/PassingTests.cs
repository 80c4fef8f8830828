using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP: requests, answers and WebSockets pass the proxy as they are.</summary>
public sealed class PassingTests : IAsyncLifetime
{
    private const string Url = "http://app-main.localhost/";

    private ProxyWorld _world = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await ProxyWorld.OpenAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_service_sees_the_client_s_host_and_where_it_came_from_and_nothing_that_the_client_claims_of_it()
    {
        await ServeAsync(context => context.Response.WriteAsync(
            string.Join('\n', context.Request.Headers.Select(header => $"{header.Key}: {header.Value}").Order()), Now));
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://app-main.localhost:8080/path?a=b");
        foreach (var name in new[] { "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP" })
        {
            request.Headers.TryAddWithoutValidation(name, "1.2.3.4");
        }

        request.Headers.TryAddWithoutValidation("Authorization", "Bearer the service's own");
        request.Headers.TryAddWithoutValidation("Cookie", "a=1; speed_session=secret; b=2");

        using var answer = await _world.Client.SendAsync(request, Now);

        Assert.Equal(
            [
                "Authorization: Bearer the service's own", "Cookie: a=1; b=2", "Host: app-main.localhost:8080", "X-Forwarded-For: 127.0.0.1",
                "X-Forwarded-Host: app-main.localhost:8080", "X-Forwarded-Proto: http",
            ],
            (await answer.Content.ReadAsStringAsync(Now)).Split('\n'));
    }

    [Theory]
    [InlineData("X_Forwarded_For")]
    [InlineData("x-forwarded-anything")]
    [InlineData("True-Client-IP")]
    [InlineData("CF_Connecting_IP")]
    [InlineData("X-Original-Host")]
    [InlineData("X.Real.IP")]
    [InlineData("x~forwarded!for")]
    [InlineData("WL-Proxy-Client-IP")]
    [InlineData("DO_Connecting_IP")]
    [InlineData("X-Scheme")]
    public async Task A_header_that_claims_an_origin_does_not_pass_however_it_is_spelled(string header)
    {
        await ServeAsync(context => context.Response.WriteAsync(
            string.Join('\n', context.Request.Headers.Select(header => $"{header.Key}: {header.Value}")), Now));

        var seen = await AskAsync("app-main.localhost", $"{header}: 1.2.3.4", "X_Own: mine", "Connection: close");

        Assert.DoesNotContain("1.2.3.4", seen, StringComparison.Ordinal);
        Assert.Contains("X_Own: mine", seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.1,127.0.0.0/8")]
    public async Task What_a_trusted_proxy_says_of_the_origin_passes(string trusted)
    {
        await using var world = await ProxyWorld.OpenAsync(
            [
                ("Speed__Proxy__Urls", "http://127.0.0.1:0"), ("Speed__Proxy__TrustedProxies", trusted),
                ("Speed__Proxy__TrustedHeaders", "CF-Connecting-IP"),
            ]);
        await world.UpAsync(await world.ServerAsync(context => context.Response.WriteAsync(
            string.Join('\n', context.Request.Headers.Select(header => $"{header.Key}: {header.Value}").Order()), Now)));
        using var request = new HttpRequestMessage(HttpMethod.Get, Url);
        foreach (var (name, value) in new[]
        {
            ("X-Forwarded-For", "203.0.113.7, 198.51.100.2"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "shop.example"),
            ("X-Forwarded-Port", "443"), ("CF-Connecting-IP", "203.0.113.7"), ("X-Real-IP", "203.0.113.8"),
        })
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await world.Client.SendAsync(request, Now);

        Assert.Equal(
            [
                "CF-Connecting-IP: 203.0.113.7", "Host: app-main.localhost", "X-Forwarded-For: 203.0.113.7, 198.51.100.2, 127.0.0.1",
                "X-Forwarded-Host: shop.example", "X-Forwarded-Proto: https",
            ],
            (await answer.Content.ReadAsStringAsync(Now)).Split('\n'));
    }

    [Theory]
    [InlineData("xn--bcher-kva.example", 200)]
    [InlineData("XN--BCHER-KVA.example.:8080", 200)]
    [InlineData("xn--0", 404)]
    [InlineData("xn--bcher-kva.xn--0", 404)]
    public async Task A_host_of_other_letters_is_known_by_what_stands_for_them(string host, int status)
    {
        await _world.UpAsync(
            await _world.ServerAsync(context => context.Response.WriteAsync(context.Request.Headers["X-Forwarded-Host"].ToString(), Now)),
            hosts: "xn--bcher-kva.example");

        var answer = await AskAsync(host, "Connection: close");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Equal(status == 200, answer.EndsWith($"{host}\r\n0\r\n\r\n", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("app-main.localhost:0")]
    [InlineData("app-main.localhost:99999")]
    [InlineData("app-main.localhost:")]
    [InlineData("app-main.localhost:8o")]
    [InlineData("app-main.localhost:80:80")]
    [InlineData("app-main.localhost/x")]
    [InlineData("a@app-main.localhost")]
    [InlineData("app-main.localhost\r\nHost: other.localhost")]
    public async Task A_host_that_is_none_is_refused_before_any_service_sees_it(string host)
    {
        var times = 0;
        await ServeAsync(context =>
        {
            Interlocked.Increment(ref times);
            return Task.CompletedTask;
        });

        var answer = await AskAsync(host, "Connection: close");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Equal(0, times);
    }

    [Fact]
    public async Task A_body_of_which_nothing_comes_for_a_minute_ends_the_request()
    {
        await ServeAsync(context => context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _world.Address.Port, Now);
        await client.GetStream().WriteAsync(
            "POST / HTTP/1.1\r\nHost: app-main.localhost\r\nContent-Length: 2\r\n\r\na"u8.ToArray(), Now);
        using var reader = new StreamReader(client.GetStream());
        var status = reader.ReadLineAsync(Now).AsTask();

        // The proxy begins to wait for the second byte some time after the first one was sent.
        while (!status.IsCompleted)
        {
            _world.Advance(TimeSpan.FromSeconds(60));
            await Task.WhenAny(status, Task.Delay(TimeSpan.FromMilliseconds(20), Now));
            Now.ThrowIfCancellationRequested();
        }

        Assert.Equal("HTTP/1.1 408 Request Timeout", await status);
    }

    [Fact]
    public async Task An_answer_comes_as_it_is_but_for_cookies_that_pose_as_SPEED_s()
    {
        await ServeAsync(context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = "/elsewhere";
            context.Response.Headers.SetCookie = new[] { "a=1; Path=/", "speed_session=fixed; Path=/", "Speed_Session=x", "a=b,speed_session=x", "b=2" };
            return Task.CompletedTask;
        });

        var handler = _world.NewHandler();
        handler.AllowAutoRedirect = false;
        using var client = new HttpClient(handler);
        using var answer = await client.GetAsync(Url, Now);

        Assert.Equal((HttpStatusCode.Redirect, "/elsewhere"), (answer.StatusCode, answer.Headers.Location!.ToString()));
        Assert.Equal(["a=1; Path=/", "b=2"], answer.Headers.GetValues("Set-Cookie"));
    }

    [Fact]
    public async Task A_WebSocket_passes_both_ways()
    {
        await ServeAsync(EchoAsync);
        using var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(_world.NewHandler());
        await socket.ConnectAsync(new Uri("ws://app-main.localhost/"), invoker, Now);

        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, endOfMessage: true, Now);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Now);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Now);

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    [Fact]
    public async Task A_stream_is_passed_on_as_it_comes()
    {
        var goOn = new SemaphoreSlim(0);
        await ServeAsync(async context =>
        {
            for (var line = 1; line <= 100; line++)
            {
                await context.Response.WriteAsync($"{line}\n", Now);
                await context.Response.Body.FlushAsync(Now);
                await goOn.WaitAsync(Now);
            }
        });

        using var answer = await _world.Client.GetAsync(Url, HttpCompletionOption.ResponseHeadersRead, Now);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Now));
        for (var line = 1; line <= 100; line++)
        {
            // The next one is written only once this one is here.
            Assert.Equal($"{line}", await reader.ReadLineAsync(Now));
            goOn.Release();
        }

        Assert.Null(await reader.ReadLineAsync(Now));
    }

    [Fact]
    public async Task A_body_of_any_size_arrives()
    {
        await ServeAsync(async context =>
        {
            var length = 0L;
            var buffer = new byte[64 * 1024];
            for (int read; (read = await context.Request.Body.ReadAsync(buffer, Now)) > 0; length += read)
            {
            }

            await context.Response.WriteAsync($"{length}", Now);
        }, long.MaxValue);

        using var body = new ByteArrayContent(new byte[40_000_000]);
        using var answer = await _world.Client.PostAsync(Url, body, Now);

        Assert.Equal("40000000", await answer.Content.ReadAsStringAsync(Now));
    }

    [Fact]
    public async Task A_client_that_goes_away_is_told_to_the_service()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await ServeAsync(async context =>
        {
            await using var _ = context.RequestAborted.Register(gone.SetResult);
            arrived.SetResult();
            await gone.Task;
        });
        using var leaving = new CancellationTokenSource();
        var request = _world.Client.GetAsync(Url, leaving.Token);
        await arrived.Task;

        await leaving.CancelAsync();

        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20), Now);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
    }

    [Fact]
    public async Task What_may_have_been_done_is_not_done_twice()
    {
        var times = 0;
        await ServeAsync(context =>
        {
            Interlocked.Increment(ref times);
            context.Abort();
            return Task.CompletedTask;
        });

        using var body = new StringContent("order");
        using var answer = await _world.Client.PostAsync(Url, body, Now);

        Assert.Equal((HttpStatusCode.BadGateway, 1), (answer.StatusCode, times));
    }

    // As it stands: HttpClient would put right, or refuse, what is wrong.
    private async Task<string> AskAsync(string host, params string[] headers)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _world.Address.Port, Now);
        var text = $"GET / HTTP/1.1\r\nHost: {host}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n";
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text), Now);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync(Now);
    }

    private async Task ServeAsync(RequestDelegate serve, long? mostBytes = null) =>
        await _world.UpAsync(await _world.ServerAsync(context =>
        {
            if (mostBytes is not null)
            {
                context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
            }

            return serve(context);
        }));

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Now);
        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, Now);
        await socket.ReceiveAsync(buffer, Now);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Now);
    }
}
