using Speed.Security;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: what a web page of somebody else's makes a browser send.</summary>
public sealed class SameSiteTests
{
    private static readonly object Start = new { url = "https://github.com/owner/app.git", branch = "main" };

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("evil.example:7071", 403)]
    [InlineData("127.0.0.1.nip.io", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("xn--0", 403)]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:1", 200)]
    [InlineData("127.0.0.1:80", 200)]
    [InlineData("[::1]:7071", 200)]
    [InlineData("speed.example", 200)]
    [InlineData("sub.speed.example", 403)]
    public async Task A_name_that_is_not_ours_is_refused_however_it_resolves(string host, int status)
    {
        foreach (var auth in new[] { "off", "required" })
        {
            await using var app = await SpeedApp.OpenIdleAsync(
                new() { ["Speed__Auth"] = auth, ["Speed__AllowedHosts"] = "speed.example, other.example" });

            var answer = await app.AskAsync("GET", "/health", null, null, ("Host", host));
            var forwarded = await app.AskAsync("GET", "/health", null, null, ("X-Forwarded-Host", host));

            Assert.Equal((status, status), (answer.Status, forwarded.Status));
            if (status == 403)
            {
                var name = host.Split(':')[0];
                Assert.Equal($"Host '{name}' is not allowed: add it to Speed__AllowedHosts", answer.Error);
            }
        }
    }

    [Theory]
    [InlineData("Bücher.example")]
    [InlineData("BÜCHER.example.")]
    [InlineData("xn--bcher-kva.example")]
    [InlineData("XN--BCHER-KVA.example")]
    public void A_name_of_ours_counts_however_it_is_spelled_on_either_side(string name)
    {
        var settings = new AccessSettings { AllowedHosts = [name] };

        Assert.All(
            (string[])["bücher.example", "Bücher.example", "BÜCHER.EXAMPLE", "xn--bcher-kva.example", "XN--bcher-kva.example."],
            host => Assert.True(settings.IsAllowedHost(host), host));
        Assert.False(settings.IsAllowedHost("bucher.example"));
    }

    [Theory]
    [InlineData("https://evil.example", 403)]
    [InlineData("null", 403)]
    [InlineData("", 403)]
    [InlineData("http://localhost:7072", 403)]
    [InlineData("http://localhost", 403)]
    [InlineData("http://localhost:7071", 201)]
    [InlineData("https://localhost:7071", 201)]
    [InlineData("https://xn--bcher-kva.example", 201, "xn--bcher-kva.example")]
    [InlineData("https://xn--bcher-kva.example:8443", 201, "XN--BCHER-KVA.example:8443")]
    [InlineData("https://bucher.example", 403, "xn--bcher-kva.example")]
    public async Task A_change_that_a_page_asks_for_must_come_from_our_own_page(
        string origin, int status, string host = "localhost:7071")
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__AllowedHosts"] = "bücher.example" });
        (string, string)[] headers = [("Host", host), ("Origin", origin)];

        var start = await app.AskAsync("POST", "/start", null, Start, headers);
        var read = await app.AskAsync("GET", "/health", null, null, headers);

        Assert.Equal((status, 200), (start.Status, read.Status));
    }

    [Theory]
    [InlineData("127.0.0.1", 200)]
    [InlineData("::1", 200)]
    [InlineData("[::1]:5000, 127.0.0.1:4000", 200)]
    [InlineData("203.0.113.7", 403)]
    [InlineData("127.0.0.1, 10.0.0.1", 403)]
    [InlineData("unknown", 403)]
    public async Task Without_keys_a_request_that_came_from_elsewhere_is_refused(string address, int status)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.AskAsync("GET", "/health", null, null, ("X-Forwarded-For", address));

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task With_keys_an_address_neither_allows_nor_refuses_anything()
    {
        await using var app = await Keys.OpenAsync();

        var stranger = await app.AskAsync("GET", "/info/1", null, null, ("X-Forwarded-For", "127.0.0.1"));
        var known = await app.AskAsync("GET", "/info/1", app.AdminKey(), null, ("X-Forwarded-For", "203.0.113.7"));

        Assert.Equal((401, 404), (stranger.Status, known.Status));
    }
}
