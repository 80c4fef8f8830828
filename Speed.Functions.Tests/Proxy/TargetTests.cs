using System.Net;
using System.Net.Sockets;
using System.Text;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP: a service sees the address to the byte as its client sent it.</summary>
public sealed class TargetTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly RawService _service = new(EchoAsync);
    private ProxyWorld _world = null!;

    public static TheoryData<string> Targets =>
    [
        "/", "/@types%2fcors", "/@types%2Fcors", "/%FF", "/%c0%af", "/a%2Bb+c", "/x%3By;z", "/%7E~%7e", "/%41%2d", "/?q=\"a|b\"", "/a|b\"c", "//", "//a//b/",
        "/./a/../b", "/a/..", "/../../x", "/%2e%2e/x", "/a%2F%2e", "/a?b?c", "/?", "/a\\b\\..", "/{x}^`<>[]", "/a%zz", "/%", "/a%", "/?%", "/a#b", "/?a=%2F&b=%c3%a9&&=",
        "/?a=b%20c+d", "/?u=http://x/%2F", "/http://x/y", "/@127.0.0.1:1/x", "/a:b@c", "/'()*!$&,=", "/?X-Amz-Signature=a%2Fb%3D&x-id=GetObject",
    ];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        SelfSigned.Write(_folder, "default", "app-main.localhost");
        _world = await ProxyWorld.OpenAsync(
        [
            ("Speed__Proxy__Urls", "http://127.0.0.1:0;https://127.0.0.1:0"),
            ("Speed__Proxy__CertificateFile", _folder.File("default.crt")),
            ("Speed__Proxy__KeyFile", _folder.File("default.key")),
        ]);
        await _world.UpAsync(_service.Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _service.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task Over_HTTP_1_nothing_in_it_is_decoded_encoded_or_put_right(string target) =>
        Assert.Equal($"GET {target} HTTP/1.1", await AskAsync($"GET {target}"));

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task Nor_over_HTTP_2(string target)
    {
        using var client = new HttpClient(Http2Handler());
        var exactly = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://app-main.localhost{target}", exactly))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using var answer = await client.SendAsync(request, Now);

        Assert.Equal(HttpVersion.Version20, answer.Version);
        Assert.Equal($"GET {target} HTTP/1.1", await answer.Content.ReadAsStringAsync(Now));
    }

    [Theory]
    [InlineData("/@types%2fcors")]
    [InlineData("//a/./%7E?q=\"|\"")]
    public async Task Nor_where_a_WebSocket_is_asked_for(string target)
    {
        using var client = await RawClient.SendAsync(
            _world.Address,
            $"GET {target} HTTP/1.1\r\nHost: app-main.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");

        var answer = await RawClient.ReadToAsync(client, "HTTP/1.1\n");

        Assert.StartsWith("HTTP/1.1 101 ", answer, StringComparison.Ordinal);
        Assert.EndsWith($"\r\n\r\nGET {target} HTTP/1.1\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET http://app-main.localhost/a%2Fb/./c?x=%7E", "GET /a%2Fb/./c?x=%7E")]
    [InlineData("GET http://app-main.localhost?x=/y", "GET /?x=/y")]
    [InlineData("GET http://app-main.localhost", "GET /")]
    [InlineData("OPTIONS *", "OPTIONS *")]
    [InlineData("PROPFIND /a%2Fb", "PROPFIND /a%2Fb")]
    [InlineData("get /a", "get /a")]
    public async Task The_other_forms_of_a_request_s_line_say_the_same_to_the_service(string asked, string seen) =>
        Assert.Equal($"{seen} HTTP/1.1", await AskAsync(asked));

    [Theory]
    [InlineData("/a b")]
    [InlineData("/ HTTP/1.1\r\nX-Forwarded-For: 203.0.113.66\r\nX: y")]
    [InlineData("/?a\tb")]
    [InlineData("/?a\u007fb")]
    [InlineData("/\u00fc")]
    [InlineData("/?\u00fc")]
    [InlineData("/%00")]
    public async Task What_would_end_a_line_or_is_no_letter_of_an_address_reaches_no_service(string target)
    {
        var exactly = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        using var client = new HttpClient(Http2Handler());
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://app-main.localhost{target}", exactly))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        // The server ends the stream, or the client itself refuses; what counts is who has seen it.
        var status = 0;
        try
        {
            using var answer = await client.SendAsync(request, Now);
            status = (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            status = 400;
        }

        Assert.Equal(400, status);
        Assert.Equal(0, _service.Connections);
    }

    private static async Task EchoAsync(RawConnection connection)
    {
        while (await connection.ReadHeadAsync() is { } head)
        {
            var line = head.Split('\n')[0];
            await (head.Contains("Upgrade: websocket", StringComparison.Ordinal)
                ? connection.SayAsync($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n{line}\n")
                : connection.AnswerAsync(line));
        }
    }

    private async Task<string> AskAsync(string asked)
    {
        var answer = await RawClient.AskAsync(
            _world.Address, $"{asked} HTTP/1.1\r\nHost: app-main.localhost\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        return answer.Split("\r\n\r\n")[1];
    }

    private SocketsHttpHandler Http2Handler()
    {
        var handler = _world.NewHandler();
        handler.ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _world.Addresses.Single(address => address.Scheme == "https").Port, token);
            return new NetworkStream(socket, ownsSocket: true);
        };
        handler.RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1;
        return handler;
    }
}
