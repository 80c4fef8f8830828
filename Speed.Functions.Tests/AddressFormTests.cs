using System.Net;
using Speed.Deployments;
using Speed.Outgoing;
using Speed.Tests.Runners;
using Speed.Tests.Sources;
using Xunit;

namespace Speed.Tests;

/// <summary>Drives the real engine, real Git, SPEED over HTTP: whatever host somebody writes, the failure is his own.</summary>
/// <remarks>Nothing is ever sent: these are addresses that are refused, and names that nobody knows.</remarks>
public sealed class AddressFormTests
{
    private static readonly string[] Hosts =
    [
        // Nobody, and this host, in every spelling.
        "0.0.0.0", "0.0.0.0:5000", "0", "00", "0x0", "[::]", "[::]:5000", "[::0]", "[0:0:0:0:0:0:0:0]", "255.255.255.255",
        "127.1", "127.0.1", "0x7f000001", "0X7F.1", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.", "localhost.",
        "4294967295", "4294967296", "99999999999999999999",

        // IPv4 within IPv6, zones, and what is no address.
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%lo]",
        "[::1%25lo]", "[fe80::1%1]", "[", "]", "[]", "[:]", "[:::]", "[::1", "::1]", "[1:2:3:4:5:6:7:8:9]", "[g::1]",
        "999.1.1.1", "127.0.0.1.1.1", "127.0.0.256", "169.254.169.254", "[fd00:ec2::254]",

        // Names that are none.
        new('a', 256), string.Join('.', Enumerable.Repeat(new string('a', 63), 5)), $"{new string('a', 64)}.example",
        ".", "..", "a..example", "-a.example", "a-.example", "a_b.example", "*.example", "a b.example", "a\\b.example",

        // Names in other letters.
        "bücher.example", "xn--bcher-kva.example", "xn--.example", "xn--a.example", "１２７.0.0.1", "①②⑦.0.0.1",
        "127。0。0。1", "ａ.example", "a\u00adb.example", "\u202eexample", "ex\u0301.example", "💥.example",

        // Ports and users that are none.
        "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65535", "127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1:4294967376",
        "127.0.0.1:-1", "127.0.0.1:0x50", "127.0.0.1:80:80", "127.0.0.1:８０", "no.example:65536", ":80", "user@127.0.0.1",
        "user:word@127.0.0.1", "@127.0.0.1", "127.0.0.1@no.example", "a%2eexample", "%31%32%37.0.0.1", "%00.example",
    ];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("FROM {0}/image:1")]
    [InlineData("FROM busybox\nCOPY --from={0}/image:1 /a /b")]
    [InlineData("FROM busybox\nADD http://{0}/x /x")]
    [InlineData("FROM busybox\nADD https://{0}/x.git /x")]
    public async Task In_a_Dockerfile(string dockerfile)
    {
        await using var world = await DockerWorld.CreateAsync();

        Assert.Empty(await ListUnexpectedAsync(async host =>
        {
            var failure = await world.FailToBuildAsync(string.Format(null, dockerfile, host) + "\n");
            return (failure.Code.Fault == "user", $"{failure.Code}: {failure.Message}");
        }));
    }

    [Fact]
    public async Task In_the_address_of_a_repository()
    {
        await using var world = await SourceWorld.StartAsync();
        world.Options.AllowedSchemes = ["https", "http", "ssh"];
        world.Options.AllowedHosts = [];

        foreach (var form in new[] { "https://{0}/app.git", "http://{0}/app.git", "ssh://git@{0}/app.git", "git@{0}:app.git" })
        {
            Assert.Empty(await ListUnexpectedAsync(async host =>
            {
                var failure = await world.FailAsync(string.Format(null, form, host));
                return (failure.Code.Fault == "user", $"{failure.Code}: {failure.Message}");
            }));
        }
    }

    [Theory]
    [InlineData("/start")]
    [InlineData("/v1/deployments")]
    [InlineData("/v1/hooks")]
    [InlineData("/v1/notifications")]
    public async Task Where_an_address_is_kept(string path)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var number = 0;

        Assert.Empty(await ListUnexpectedAsync(async host =>
        {
            var (url, name) = ($"https://{host}/app.git", $"name-{number++}");
            using var answer = await app.PostAsync(path, path switch
            {
                "/start" => new { url, branch = "main" },
                "/v1/deployments" => new { url },
                "/v1/hooks" => new { name, forge = "github", url },
                _ => new { name, url, events = new[] { "deployment.failed" } },
            });
            return (
                answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.BadRequest,
                $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Now)}");
        }));
    }

    [Fact]
    public async Task Where_a_message_is_sent()
    {
        var client = new GuardedClient(new Resolver(), TimeProvider.System);
        var settings = NotifySettings.Read(TestSettings.Of());

        Assert.Empty(await ListUnexpectedAsync(async host =>
        {
            var url = $"https://{host}/x";
            if (settings.FindUrlFault(url) is { } fault)
            {
                return (true, fault);
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, url);
            var refused = await Record.ExceptionAsync(() => client.SendAsync(request, mayBePrivate: false, Now));
            return (refused is AddressRefusedException or HttpRequestException, $"{refused}");
        }));
    }

    // Each with what came of it, where that is not as it should be.
    private static async Task<IReadOnlyList<string>> ListUnexpectedAsync(Func<string, Task<(bool IsGood, string What)>> judge)
    {
        var unexpected = new List<string>();
        foreach (var host in Hosts)
        {
            try
            {
                var (isGood, what) = await judge(host);
                unexpected.AddRange(isGood ? [] : [$"{host}: {what}"]);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                unexpected.Add($"{host}: {fault}");
            }
        }

        return unexpected;
    }
}
