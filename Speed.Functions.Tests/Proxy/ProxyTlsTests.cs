using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Speed.Proxy;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP and real files: certificates are found, shown, and changed while it runs.</summary>
public sealed class ProxyTlsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_service_is_reached_over_TLS_and_is_told_so()
    {
        Write("default", "app.example.org");
        await using var world = await ProxyWorld.OpenAsync(WithFile());
        var port = await world.ServerAsync(
            context => context.Response.WriteAsync(context.Request.Headers["X-Forwarded-Proto"].ToString(), Now));
        await world.UpAsync(port, "app", "main", "app.example.org");

        Assert.Equal("https", await world.GetAsync("https://app.example.org/"));
    }

    [Fact]
    public async Task A_certificate_that_changes_is_shown_a_second_later_and_a_broken_one_never()
    {
        Write("default", "one.example.org");
        await using var world = await ProxyWorld.OpenAsync(WithFile());
        Assert.Equal("CN=one.example.org", await ShownAsync(world, "x.example.org"));

        Write("default", "two.example.org");
        Assert.Equal("CN=one.example.org", await ShownAsync(world, "x.example.org"));
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=two.example.org", await ShownAsync(world, "x.example.org"));

        await File.WriteAllTextAsync(_folder.File("default.crt"), "broken", Now);
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=two.example.org", await ShownAsync(world, "x.example.org"));
        File.Delete(_folder.File("default.key"));
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=two.example.org", await ShownAsync(world, "x.example.org"));

        Write("default", "three.example.org");
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=three.example.org", await ShownAsync(world, "x.example.org"));
    }

    [Fact]
    public async Task Of_a_folder_the_one_that_is_for_the_name_is_shown_and_new_ones_are_found()
    {
        Write("a", "a.example.org");
        Write("b", "*.b.example.org");
        await using var world = await ProxyWorld.OpenAsync(
            [("Speed__Proxy__Urls", "https://127.0.0.1:0"), ("Speed__Proxy__CertificateFolder", _folder.FullPath)]);

        Assert.Equal("CN=*.b.example.org", await ShownAsync(world, "x.b.example.org"));
        Assert.Equal("CN=a.example.org", await ShownAsync(world, "c.example.org"));
        Write("c", "c.example.org");
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=c.example.org", await ShownAsync(world, "c.example.org"));
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_stops_the_start_with_the_setting_s_name()
    {
        await File.WriteAllTextAsync(_folder.File("default.crt"), "broken", Now);
        await File.WriteAllTextAsync(_folder.File("default.key"), "broken", Now);

        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => ProxyWorld.OpenAsync(WithFile()));

        Assert.StartsWith("Speed__Proxy__CertificateFile has ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Speed__Proxy__Urls must be", "ftp://127.0.0.1", "", "", "")]
    [InlineData("Speed__Proxy__Urls must be", "127.0.0.1:80", "", "", "")]
    [InlineData("Speed__Proxy__Urls must be", "http://app.example.org", "", "", "")]
    [InlineData("Speed__Proxy__Urls must be", "http://127.0.0.1/path", "", "", "")]
    [InlineData("Speed__Proxy__Urls must be", "http://127.0.0.1:99999", "", "", "")]
    [InlineData("Speed__Proxy__CertificateFile and", "http://127.0.0.1:0;https://*:443", "", "", "")]
    [InlineData("Speed__Proxy__KeyFile must be set", "https://*:443", "/a.crt", "", "")]
    [InlineData("Speed__Proxy__CertificateFile must be set", "https://*:443", "", "/a.key", "")]
    [InlineData("Speed__Proxy__CertificateFolder must be", "https://*:443", "", "", "/nowhere/at/all")]
    public void Settings_that_cannot_work_are_named(string words, string urls, string certificate, string key,
        string folder)
    {
        var fault = Assert.Throws<OptionsValidationException>(() => ProxySettings.Read(TestSettings.Of(
            ("Speed__Proxy__Urls", urls), ("Speed__Proxy__CertificateFile", certificate), ("Speed__Proxy__KeyFile", key),
            ("Speed__Proxy__CertificateFolder", folder))));

        Assert.StartsWith(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_address_of_this_machine_may_be_chosen_and_without_one_there_is_no_proxy()
    {
        var urls = ProxySettings.Read(TestSettings.Of(
            ("Speed__Proxy__Urls", "http://*; http://0.0.0.0:81;http://[::1]:82;http://localhost:83"))).Urls;

        Assert.Equal(
            [(null, 80), ("0.0.0.0", 81), ("::1", 82), ("127.0.0.1", 83)],
            urls.Select(url => (url.Address?.ToString(), url.Port)));
        Assert.Empty(ProxySettings.Read(TestSettings.Of(("Speed__Proxy__Urls", ""))).Urls);
    }

    private (string, string)[] WithFile() =>
    [
        ("Speed__Proxy__Urls", "https://127.0.0.1:0"),
        ("Speed__Proxy__CertificateFile", _folder.File("default.crt")),
        ("Speed__Proxy__KeyFile", _folder.File("default.key")),
    ];

    // Whose certificate a client that asks for this name sees.
    private static async Task<string> ShownAsync(ProxyWorld world, string name)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", world.Address.Port, Now);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, shown, _, _) => shown is not null);
        await tls.AuthenticateAsClientAsync(name);
        return tls.RemoteCertificate!.Subject;
    }

    private void Write(string file, string host) => SelfSigned.Write(_folder, file, host);
}
