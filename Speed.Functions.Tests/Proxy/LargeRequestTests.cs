using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Speed.Proxy;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP: addresses, cookies and headers as large as other proxies let them through.</summary>
public sealed class LargeRequestTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(12_000, 0, 0, 1, false)]
    [InlineData(0, 40_000, 0, 1, false)]
    [InlineData(0, 0, 120, 10, false)]
    [InlineData(200_000, 0, 0, 1, false)]
    [InlineData(100_000, 500_000, 900, 100, false)]
    [InlineData(12_000, 40_000, 120, 10, true)]
    [InlineData(30_000, 500_000, 900, 100, true)]
    public async Task A_large_address_a_large_cookie_and_many_headers_pass(int address, int cookie, int headers, int length, bool isHttp2)
    {
        using var folder = new TempFolder();
        await using var world = await OpenAsync(folder);
        await world.UpAsync(await LargeServerAsync(world));
        using var request = Request(address, cookie, headers, length, isHttp2);

        using var answer = await world.Client.SendAsync(request, Now);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal($"{address + 1} {cookie} {headers}", await answer.Content.ReadAsStringAsync(Now));
    }

    [Theory]
    [InlineData(9_000, 0, 0, HttpStatusCode.RequestUriTooLong)]
    [InlineData(0, 9_000, 0, HttpStatusCode.RequestHeaderFieldsTooLarge)]
    [InlineData(0, 0, 21, HttpStatusCode.RequestHeaderFieldsTooLarge)]
    [InlineData(7_000, 7_000, 15, HttpStatusCode.OK)]
    public async Task The_operator_says_how_large(int address, int cookie, int headers, HttpStatusCode status)
    {
        using var folder = new TempFolder();
        await using var world = await OpenAsync(
            folder, ("Speed__Proxy__MaxHeaderBytes", "8192"), ("Speed__Proxy__MaxHeaders", "20"));
        await world.UpAsync(await LargeServerAsync(world));
        using var request = Request(address, cookie, headers, 1, isHttp2: false);

        using var answer = await world.Client.SendAsync(request, Now);

        Assert.Equal(status, answer.StatusCode);
    }

    [Theory]
    [InlineData("MaxHeaderBytes", "1000", "must be a whole number from 8192 to 16777216, not '1000'.")]
    [InlineData("MaxHeaderBytes", "1 MB", "must be a whole number from 8192 to 16777216, not '1 MB'.")]
    [InlineData("MaxHeaders", "1", "must be a whole number from 10 to 10000, not '1'.")]
    [InlineData("AccessLogMaxBytes", "-1", "must be a whole number from 0 to 9223372036854775807, not '-1'.")]
    [InlineData("TrustedProxies", "10.0.0.0/33", "must be addresses and ranges such as 10.0.0.1,192.168.0.0/16, not '10.0.0.0/33'.")]
    [InlineData("TrustedProxies", "127.0.0.1, proxy.example", "must be addresses and ranges such as 10.0.0.1,192.168.0.0/16, not 'proxy.example'.")]
    [InlineData("TrustedProxies", "10/8", "must be addresses and ranges such as 10.0.0.1,192.168.0.0/16, not '10/8'.")]
    [InlineData("TrustedProxies", "10.0.0.0/8/8", "must be addresses and ranges such as 10.0.0.1,192.168.0.0/16, not '10.0.0.0/8/8'.")]
    [InlineData("TrustedProxies", "10.0.0.0/", "must be addresses and ranges such as 10.0.0.1,192.168.0.0/16, not '10.0.0.0/'.")]
    public void A_value_that_cannot_be_used_stops_the_start_with_the_setting_s_name(string name, string value, string words)
    {
        var fault = Assert.Throws<OptionsValidationException>(
            () => ProxySettings.Read(TestSettings.Of(($"Speed__Proxy__{name}", value))));

        Assert.Equal($"Speed__Proxy__{name} {words}", fault.Message);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1", "10.0.0.2")]
    [InlineData("10.1.2.3/8", "10.200.0.1", "11.0.0.1")]
    [InlineData("192.168.0.0/23", "192.168.1.255", "192.168.2.0")]
    [InlineData("0.0.0.0/0", "8.8.8.8", "::1")]
    [InlineData("fd00::1/8", "fdff::2", "fe00::1")]
    [InlineData("::1", "::1", "::2")]
    [InlineData("1.2.3.4, 10.0.0.0/8", "10.0.0.1", "1.2.3.5")]
    public void Proxies_are_trusted_by_address_or_range(string trusted, string one, string other)
    {
        var settings = ProxySettings.Read(TestSettings.Of(("Speed__Proxy__TrustedProxies", trusted)));

        Assert.True(settings.IsTrustedProxy(IPAddress.Parse(one)));
        Assert.False(settings.IsTrustedProxy(IPAddress.Parse(other)));
        Assert.False(new ProxySettings().IsTrustedProxy(IPAddress.Parse(one)));
    }

    private static Task<ProxyWorld> OpenAsync(TempFolder folder, params (string, string)[] settings)
    {
        SelfSigned.Write(folder, "default", "app-main.localhost");
        return ProxyWorld.OpenAsync(
        [
            ("Speed__Proxy__Urls", "https://127.0.0.1:0"), ("Speed__Proxy__CertificateFile", folder.File("default.crt")),
            ("Speed__Proxy__KeyFile", folder.File("default.key")), .. settings,
        ]);
    }

    private static Task<int> LargeServerAsync(ProxyWorld world) => world.ServerAsync(
        context =>
        {
            var headers = context.Request.Headers;
            var numbered = headers.Count(header => header.Key.StartsWith("X-N", StringComparison.OrdinalIgnoreCase));
            return context.Response.WriteAsync($"{context.Request.Path.Value!.Length} {headers.Cookie.ToString().Length} {numbered}", Now);
        },
        limits: kestrel =>
        {
            kestrel.MaxRequestBufferSize = 4_000_000;
            (kestrel.MaxRequestLineSize, kestrel.MaxRequestHeadersTotalSize, kestrel.MaxRequestHeaderCount) = (2_000_000, 2_000_000, 2000);
        });

    private static HttpRequestMessage Request(int address, int cookie, int headers, int length, bool isHttp2)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"https://app-main.localhost/{new string('a', address)}")
        {
            Version = isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("Cookie", cookie > 0 ? new string('c', cookie) : null);
        foreach (var number in Enumerable.Range(0, headers))
        {
            request.Headers.TryAddWithoutValidation($"X-N{number}", new string('x', length));
        }

        return request;
    }
}
