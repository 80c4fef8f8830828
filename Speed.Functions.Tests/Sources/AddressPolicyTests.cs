using System.Net;
using System.Net.Sockets;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: hosts are judged by their addresses before anything is sent.</summary>
/// <remarks>
/// Nothing is ever sent to a private address here but loopback, where a listener sees whether anybody came.
/// </remarks>
public sealed class AddressPolicyTests : IAsyncLifetime
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private SourceWorld _world = null!;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask InitializeAsync()
    {
        _listener.Start();
        _world = await SourceWorld.StartAsync();
        _world.Options.AllowedSchemes = ["https", "http", "ssh"];
        _world.Options.AllowedHosts = [];
        _world.Options.Resolve = (_, _) => throw new InvalidOperationException("No name of this test is to be resolved.");
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _world.DisposeAsync();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("0x7f000001")]
    [InlineData("0X7F.1")]
    [InlineData("2130706433")]
    [InlineData("017700000001")]
    [InlineData("0177.0.0.1")]
    [InlineData("127.0.0.1.")]
    [InlineData("0")]
    [InlineData("0.0.0.0")]
    [InlineData("[::]")]
    [InlineData("[::1]")]
    [InlineData("[0:0:0:0:0:0:0:1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:7f00:1]")]
    [InlineData("[::ffff:0:127.0.0.1]")]
    [InlineData("[64:ff9b::127.0.0.1]")]
    [InlineData("[64:ff9b:1::7f00:1]")]
    [InlineData("[2002:7f00:1::]")]
    [InlineData("[2001:0:0:0:0:0:80ff:fffe]")]
    [InlineData("[fe80::1]")]
    [InlineData("[fd00::1]")]
    [InlineData("[ff02::1]")]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("192.168.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    public async Task No_spelling_of_an_address_that_is_not_public_is_connected_to(string host)
    {
        foreach (var scheme in new[] { "http", "https", "ssh" })
        {
            var failure = await _world.FailAsync($"{scheme}://{host}:{Port}/app.git");

            Assert.Equal(FailureCode.HostNotAllowed, failure.Code);
            Assert.Contains("not public", failure.Message);
            Assert.Contains("Speed__Git__AllowedHosts", failure.Hint);
        }

        Assert.False(_listener.Pending());
        Assert.Empty(_world.Workspaces);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("8.8.8.8", "127.0.0.1")]
    [InlineData("2606:4700::1111", "8.8.8.8", "fd00::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("100.127.255.255")]
    public async Task A_name_is_refused_if_one_of_its_addresses_is_not_public(params string[] addresses)
    {
        var asked = new List<string>();
        _world.Options.Resolve = Resolver(asked, addresses);

        var failure = await _world.FailAsync($"http://Git.Example.:{Port}/app.git");

        Assert.Equal(FailureCode.HostNotAllowed, failure.Code);
        Assert.Contains("`git.example`", failure.Message);
        Assert.Contains("`git.example`", failure.Hint);
        Assert.DoesNotContain(addresses[^1], failure.Message);
        Assert.Equal(["git.example"], asked);
        Assert.False(_listener.Pending());
    }

    [Theory]
    [InlineData("git.example")]
    [InlineData("GIT.example.")]
    [InlineData("git.example:{0}")]
    [InlineData("other.example,git.example:{0}")]
    public async Task A_host_that_the_operator_names_may_be_private_and_git_connects_to_the_address_that_was_checked(
        string allowed)
    {
        var asked = new List<string>();
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        var port = new Uri(repository.Url).Port;
        _world.Options.AllowedHosts = string.Format(allowed, port).Split(',');
        _world.Options.Resolve = Resolver(asked, "127.0.0.1");

        // No resolver of this machine knows the name: git could not come here by itself.
        await using var tree = await _world.FetchAsync($"http://Git.Example:{port}/app.git");

        Assert.Equal(repository.Head, tree.Commit);
        Assert.Equal(["git.example"], asked);
    }

    [Fact]
    public async Task A_host_that_is_named_with_a_port_is_allowed_on_no_other()
    {
        _world.Options.AllowedHosts = [$"127.0.0.1:{Port + 1}"];

        var failure = await _world.FailAsync($"http://127.0.0.1:{Port}/app.git");

        Assert.Equal(FailureCode.HostNotAllowed, failure.Code);
        Assert.False(_listener.Pending());
    }

    [Theory]
    [InlineData("127.1")]
    [InlineData("0x7f000001")]
    [InlineData("127.0.0.1")]
    public async Task An_address_that_is_named_is_allowed_in_every_spelling(string host)
    {
        _world.Options.AllowedHosts = ["127.0.0.1"];
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));

        await using var tree = await _world.FetchAsync(repository.Url.Replace("127.0.0.1", host));

        Assert.Equal(repository.Head, tree.Commit);
    }

    [Fact]
    public async Task Where_only_named_hosts_are_allowed_a_public_one_is_refused_unasked()
    {
        _world.Options.AllowedHosts = ["127.0.0.1"];
        _world.Options.OnlyAllowedHosts = true;
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));

        var failure = await _world.FailAsync("https://github.com/owner/app.git");
        await using var tree = await _world.FetchAsync(repository.Url);

        Assert.Equal(FailureCode.HostNotAllowed, failure.Code);
        Assert.Contains("`github.com`", failure.Message);
        Assert.Equal(repository.Head, tree.Commit);
    }

    [Fact]
    public async Task A_host_without_an_address_is_told_as_unknown()
    {
        _world.Options.Resolve = (_, _) => throw new SocketException((int)SocketError.HostNotFound);
        var missing = await _world.FailAsync("https://git.example/app.git");
        _world.Options.Resolve = (_, _) => Task.FromResult(Array.Empty<IPAddress>());
        var empty = await _world.FailAsync("https://git.example/app.git");

        Assert.Equal(FailureCode.CloneFailed, missing.Code);
        Assert.Equal("The host of https://git.example/app.git is unknown.", missing.Message);
        Assert.Equal(missing.Message, empty.Message);
    }

    [Theory]
    [InlineData("1.1.1.1", true)]
    [InlineData("2001:4860:4860::8888", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("::ffff:8.8.8.8", false)]
    [InlineData("64:ff9b::8.8.8.8", false)]
    [InlineData("2002:808:808::", false)]
    [InlineData("2001:0:808:808::", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("3fff::1", false)]
    [InlineData("5f00::1", false)]
    [InlineData("fec0::1", false)]
    [InlineData("192.88.99.1", false)]
    [InlineData("192.0.0.192", false)]
    [InlineData("240.0.0.1", false)]
    [InlineData("198.18.0.1", false)]
    public void Only_addresses_that_are_everybodys_are_public(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddress.Is(IPAddress.Parse(address)));

    private static Func<string, CancellationToken, Task<IPAddress[]>> Resolver(
        List<string> asked, params string[] addresses) => (host, _) =>
        {
            asked.Add(host);
            return Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());
        };
}
