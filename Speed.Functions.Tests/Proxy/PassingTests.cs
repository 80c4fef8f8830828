using System.Net;
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

    [Fact]
    public async Task An_answer_comes_as_it_is_but_for_cookies_that_pose_as_SPEED_s()
    {
        await ServeAsync(context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = "/elsewhere";
            context.Response.Headers.SetCookie = new[] { "a=1; Path=/", "speed_session=fixed; Path=/", "b=2" };
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
