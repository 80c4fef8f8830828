using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Speed.Data;
using Speed.Deployments;
using Speed.Proxy;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives SPEED over HTTP: its own interface cannot be reached through its proxy.</summary>
public sealed class OwnInterfaceTests : IAsyncLifetime
{
    // An answer of SPEED bears this, one of the service or of the proxy does not.
    private const string Mark = "X-Request-Id:";
    private const string Refused = "HTTP/1.1 403 ";

    private static readonly string[] OwnNames =
    [
        "speed.example.org", "xn--bcher-kva.example", "app-main.localhost", "127.0.0.1", "127.1", "0x7f.0.0.1",
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private SpeedApp _app = null!;
    private WebApplication _service = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private Uri Proxy => _app.Services.GetRequiredService<ReverseProxy>().Addresses.First();

    private Uri Speed => _app.Client.BaseAddress!;

    public async ValueTask InitializeAsync()
    {
        // Without a worker, which would take over at its start what the test has put there.
        _app = await SpeedApp.OpenAsync(
            new()
            {
                ["Speed__Proxy__Urls"] = "http://127.0.0.1:0",
                ["Speed__AllowedHosts"] = "Speed.example.org., bücher.example, app-main.localhost",
            },
            services => services.Remove(services.Single(one => one.ImplementationType == typeof(DeploymentWorker))));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _service = builder.Build();
        _service.Run(context => context.Response.WriteAsync("the service", Now));
        await _service.StartAsync(Now);
        await UpAsync(new Uri(_service.Urls.First()).Port, "app", ["site.example.org", .. OwnNames]);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _service.DisposeAsync();
    }

    [Theory]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: localhost", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: LOCALHOST", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: localhost.", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: localhost:PORT", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: 127.0.0.1:PORT", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: [::1]:PORT", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: [::ffff:127.0.0.1]", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: 127.1", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: 0x7f.0.0.1", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: 2130706433", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: speed.example.org:PORT", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: SPEED.EXAMPLE.ORG.", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: xn--bcher-kva.example", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: XN--BCHER-KVA.example.:PORT", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: app-main.localhost", 404)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: other.example.org\nX-Forwarded-Host: localhost:PORT", 404)]
    [InlineData("GET /v1/deployments HTTP/1.0", 404)]
    [InlineData("GET http://127.0.0.1:PORT/v1/deployments HTTP/1.1\nHost: 127.0.0.1:PORT", 404)]
    [InlineData("GET http://localhost:PORT/v1/deployments HTTP/1.0", 404)]
    [InlineData("GET http://127.0.0.1:PORT/v1/deployments HTTP/1.1\nHost: site.example.org", 400)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: site.example.org@127.0.0.1:PORT", 400)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: site.example.org\nHost: localhost:PORT", 400)]
    [InlineData("GET @127.0.0.1:PORT/v1/deployments HTTP/1.1\nHost: site.example.org", 400)]
    [InlineData("GET :PORT/v1/deployments HTTP/1.1\nHost: site.example.org", 400)]
    [InlineData("CONNECT 127.0.0.1:PORT HTTP/1.1\nHost: 127.0.0.1:PORT", 405)]
    [InlineData("GET //127.0.0.1:PORT/v1/deployments HTTP/1.1\nHost: site.example.org", 200)]
    [InlineData("GET /@127.0.0.1:PORT/v1/deployments HTTP/1.1\nHost: site.example.org", 200)]
    [InlineData("GET /http://127.0.0.1:PORT/v1/deployments HTTP/1.1\nHost: site.example.org", 200)]
    [InlineData("GET /v1/deployments HTTP/1.1\nHost: site.example.org:PORT\nX-Forwarded-Host: localhost:PORT", 200)]
    [InlineData("OPTIONS * HTTP/1.1\nHost: site.example.org", 200)]
    public async Task However_it_is_asked_for_the_proxy_leads_to_services_only(string request, int status)
    {
        var answer = await AskAsync(Proxy, request);

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Mark, answer, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(status == 200, answer.Contains("the service", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/health")]
    [InlineData("/openapi.json")]
    [InlineData("/v1/deployments")]
    [InlineData("/v1/session")]
    [InlineData("/info/1")]
    public async Task A_service_on_record_at_SPEED_s_own_port_leads_nowhere_either(string path)
    {
        // As after a change of Speed__Urls while the engine was away.
        await UpAsync(Speed.Port, "posing", ["posing.example.org"]);

        var straight = await AskAsync(Speed, $"GET {path} HTTP/1.1\nHost: localhost");
        var answer = await AskAsync(
            Proxy, $"GET {path} HTTP/1.1\nHost: posing.example.org\nX-Forwarded-Host: localhost\nForwarded: host=localhost");

        Assert.Contains(Mark, straight, StringComparison.OrdinalIgnoreCase);
        Assert.False(straight.StartsWith(Refused, StringComparison.Ordinal), straight);
        Assert.StartsWith(Refused, answer, StringComparison.Ordinal);
        Assert.Contains("is not allowed: add it to Speed__AllowedHosts", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_metrics_count_the_requests_of_each_service_and_those_that_failed()
    {
        await UpAsync(1, "dead", ["dead.example.org"]);
        await AskAsync(Proxy, "GET / HTTP/1.1\nHost: site.example.org");
        await AskAsync(Proxy, "GET / HTTP/1.1\nHost: app-main.localhost");
        await AskAsync(Proxy, "GET / HTTP/1.1\nHost: dead.example.org");

        // A request is counted a moment after its answer.
        string text;
        do
        {
            text = await _app.Client.GetStringAsync("/metrics", Now);
        }
        while (!text.Contains("speed_proxy_faults_total{service=\"dead-main-", StringComparison.Ordinal));

        Assert.Matches("speed_proxy_requests_total\\{service=\"app-main-[a-z2-7]{26}.localhost\",status=\"2xx\"\\} 1\n", text);
        Assert.Matches("speed_proxy_requests_total\\{service=\"dead-main-[a-z2-7]{26}.localhost\",status=\"5xx\"\\} 1\n", text);
        Assert.Matches("speed_proxy_faults_total\\{service=\"dead-main-[a-z2-7]{26}.localhost\",reason=\"connection_refused\"\\} 1\n", text);
        Assert.Contains("speed_proxy_requests_total{service=\"\",status=\"4xx\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("speed_access_log_dropped_lines_total 0\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("speed.localhost")]
    [InlineData("[::1]")]
    [InlineData("speed.example.org.")]
    [InlineData("bücher.example")]
    [InlineData("site.example.org:7071")]
    public async Task Such_a_host_is_refused_at_once(string host)
    {
        var answer = await _app.SendAsync(
            "/v1/deployments", $$"""{"url": "https://git.example/app.git", "hosts": ["{{host}}"]}""");

        Assert.Equal(400, answer.Status);
        Assert.Contains("must be host names", answer.Text, StringComparison.Ordinal);
    }

    private Task<Deployment> UpAsync(int port, string name, string[] hosts) =>
        ProxyWorld.UpAsync(_app.Services.GetRequiredService<DbManager>(), port, name, "main", hosts);

    // Byte for byte, as no client would.
    private async Task<string> AskAsync(Uri server, string request)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Now);
        patience.CancelAfter(Patience);
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Host, server.Port, patience.Token);
        await using var stream = socket.GetStream();
        var lines = request.Replace("PORT", $"{Speed.Port}", StringComparison.Ordinal).Replace("\n", "\r\n");
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"{lines}\r\nConnection: close\r\n\r\n"), patience.Token);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(patience.Token);
    }
}
