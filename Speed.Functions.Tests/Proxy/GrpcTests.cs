using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP: HTTP/2 from clients, and to services that speak gRPC.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private ProxyWorld _world = null!;
    private HttpClient _client = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        SelfSigned.Write(_folder, "default", "app-main.localhost");
        _world = await ProxyWorld.OpenAsync(
        [
            ("Speed__Proxy__Urls", "https://127.0.0.1:0"),
            ("Speed__Proxy__CertificateFile", _folder.File("default.crt")),
            ("Speed__Proxy__KeyFile", _folder.File("default.key")),
        ]);
        var handler = _world.NewHandler();
        handler.PooledConnectionLifetime = Timeout.InfiniteTimeSpan;
        _client = new HttpClient(handler);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _world.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_gRPC_call_is_HTTP_2_all_the_way_both_sides_may_stream_and_trailers_arrive()
    {
        await _world.UpAsync(await _world.ServerAsync(EchoAsync, HttpProtocols.Http2));
        using var talk = new Talk();

        var asking = SendAsync("application/grpc", talk);
        await talk.SayAsync("message 0");
        using var answer = await asking;
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (answer.StatusCode, answer.Version));
        await using var heard = await answer.Content.ReadAsStreamAsync(Now);
        for (var n = 1; n < 10; n++)
        {
            // Each is answered before the next one is said.
            Assert.Equal($"message {n - 1}", await ReadAsync(heard, "message 0".Length));
            await talk.SayAsync($"message {n}");
        }

        talk.End();

        Assert.Equal("message 9", await ReadAsync(heard, "message 9".Length));
        Assert.Equal(0, await heard.ReadAsync(new byte[1], Now));
        Assert.Equal("HTTP/2 trailers", answer.Headers.GetValues("seen").Single());
        Assert.Equal("0", answer.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("Application/gRPC; x=y")]
    public async Task So_is_one_in_any_encoding(string type)
    {
        await _world.UpAsync(await _world.ServerAsync(EchoAsync, HttpProtocols.Http2));
        using var body = new ByteArrayContent("hello"u8.ToArray());

        using var answer = await SendAsync(type, body);

        Assert.Equal("hello", await answer.Content.ReadAsStringAsync(Now));
        Assert.Equal("HTTP/2 trailers", answer.Headers.GetValues("seen").Single());
        Assert.Equal("0", answer.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/json")]
    public async Task Whatever_else_comes_over_HTTP_2_reaches_the_service_as_HTTP_1_1(string type)
    {
        await _world.UpAsync(await _world.ServerAsync(
            context => context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.ContentType}", Now)));
        using var body = new ByteArrayContent("hello"u8.ToArray());

        using var answer = await SendAsync(type, body);

        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (answer.StatusCode, answer.Version));
        Assert.Equal($"HTTP/1.1 {type}", await answer.Content.ReadAsStringAsync(Now));
    }

    [Fact]
    public async Task A_gRPC_call_to_a_service_that_speaks_no_HTTP_2_is_an_error()
    {
        await _world.UpAsync(await _world.ServerAsync("not this"));
        using var body = new ByteArrayContent("hello"u8.ToArray());

        using var answer = await SendAsync("application/grpc", body);

        // 400 where it hung up while the body was on its way.
        Assert.True(answer.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.BadRequest, $"{answer}");
        Assert.DoesNotContain("not this", await answer.Content.ReadAsStringAsync(Now), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> SendAsync(string type, HttpContent body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://app-main.localhost/echo.Echo/Say")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        request.Headers.TE.ParseAdd("trailers");
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Now);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        context.Response.Headers["seen"] = $"{context.Request.Protocol} {context.Request.Headers.TE}";
        context.Response.ContentType = context.Request.ContentType;
        await context.Response.Body.FlushAsync(Now);
        var buffer = new byte[100];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer, Now)) > 0;)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), Now);
            await context.Response.Body.FlushAsync(Now);
        }

        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task<string> ReadAsync(Stream stream, int length)
    {
        var buffer = new byte[length];
        await stream.ReadExactlyAsync(buffer, Now);
        return Encoding.ASCII.GetString(buffer);
    }

    /// <summary>A body that is written while the answer is read.</summary>
    private sealed class Talk : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task SayAsync(string text)
        {
            var stream = await _stream.Task;
            await stream.WriteAsync(Encoding.ASCII.GetBytes(text), Now);
            await stream.FlushAsync(Now);
        }

        public void End() => _ended.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            _stream.SetResult(stream);
            await _ended.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
