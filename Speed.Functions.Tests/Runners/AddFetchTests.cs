using Speed.Deployments;
using Speed.Outgoing;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real HTTP: what comes of an address that an ADD names, and how it is told where nothing does.</summary>
public sealed class AddFetchTests : IAsyncLifetime
{
    private readonly RecordedLog _recorded = new();
    private DeploymentLog _log = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _log = await DeploymentLog.OpenAsync(1, _recorded, TimeProvider.System, Now);

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [Theory]
    [InlineData("http://h/a.txt", "a.txt")]
    [InlineData("http://h/a/b.tar.gz?x=/c#/d", "b.tar.gz")]
    [InlineData("http://h/dir/", "dir")]
    [InlineData("http://h/dir//", "dir")]
    [InlineData("http://h", "__unnamed__")]
    [InlineData("http://h/?a=/b", "__unnamed__")]
    [InlineData("http://h/a%20b%24c", "a b$c")]
    [InlineData("http://h/a%2Fb", "b")]
    [InlineData("http://h/%C3%BC", "ü")]
    [InlineData("http://h/a%0Ab", "a\nb")]
    [InlineData(@"http://h/a\b", @"a\b")]
    [InlineData(@"http://h/d\e/a%5Cb", @"a\b")]
    [InlineData("http://h/ü", "ü")]
    [InlineData("http://h/a/.", "__unnamed__")]
    [InlineData("http://h/a/..", null)]
    [InlineData("http://h/a%00b", null)]
    [InlineData("http://h/a%FFb", null)]
    public void A_file_is_called_as_its_address_ends(string address, string? name) =>
        Assert.Equal(name, AddFetch.NameOf(address));

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_name_has_as_many_bytes_as_a_file_system_takes(int length, bool isTaken) =>
        Assert.Equal(isTaken, AddFetch.NameOf("http://h/" + new string('a', length)) is not null);

    [Theory]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 1445412480)]
    [InlineData("Thu, 01 Jan 1960 00:00:00 GMT", 0)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 8589934591)]
    [InlineData("yesterday", 0)]
    [InlineData(null, 0)]
    public async Task A_file_bears_the_time_that_its_server_has_it_changed_at(string? header, long seconds)
    {
        await using var server = new ScriptedServer(context =>
        {
            if (header is not null)
            {
                context.Response.Headers["Last-Modified"] = header;
            }

            return ScriptedServer.SayAsync(context, 200, "x");
        });

        await using var file = Assert.Single(await FetchAsync(server, Source(server.Address + "a")));

        Assert.Equal(seconds, file.Time.ToUnixTimeSeconds());
    }

    [Fact]
    public async Task The_log_tells_what_was_fetched_and_one_address_is_fetched_once()
    {
        var asked = 0;
        await using var server = new ScriptedServer(context =>
        {
            Interlocked.Increment(ref asked);
            return ScriptedServer.SayAsync(context, 200, "hello");
        });

        var files = await FetchAsync(server, Source(server.Address + "a", "$A/a", 3), Source(server.Address + "a", "$B/a", 4));
        await _log.FlushAsync();

        Assert.Same(files[0], files[1]);
        Assert.Equal(1, asked);
        Assert.Equal("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", files[0].Sha256);
        Assert.Equal(["Fetched $A/a of line 3: 5 bytes"], _recorded.Lines);
    }

    [Fact]
    public async Task A_password_in_the_address_is_not_kept()
    {
        await using var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, "x"));
        var address = new UriBuilder(server.Address) { UserName = "me", Password = "secret", Path = "a", Query = "b=1" };

        await using var file = Assert.Single(await FetchAsync(server, Source(address.Uri.OriginalString)));

        Assert.Equal($"{server.Address}a?b=1", file.Address);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    public async Task What_is_fetched_counts_with_the_files_of_the_repository(long room, bool fits)
    {
        await using var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, "x"));
        var tree = new MemoryTree().Add("a", "1");
        var sources = new[] { Source(server.Address + "a"), Source(server.Address + "b") };

        var fetching = new AddFetch(ClientOf(), Named(server), room).FetchAsync(sources, tree, _log, Now);

        if (fits)
        {
            Assert.Equal(2, (await fetching).Count);
            return;
        }

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => fetching);
        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
        Assert.Contains("2 bytes together", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", true)]
    [InlineData("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9825", false)]
    public async Task A_checksum_is_held_to(string sha256, bool isRight)
    {
        await using var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, "hello"));

        var fetching = FetchAsync(server, Source(server.Address + "a") with { Checksum = $"sha256:{sha256}" });

        if (isRight)
        {
            Assert.Single(await fetching);
            return;
        }

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => fetching);
        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains(sha256, failure.Message, StringComparison.Ordinal);
        Assert.Contains("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", failure.Message, StringComparison.Ordinal);
        Assert.Contains("has changed the file", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "those who log in")]
    [InlineData(404, "has nothing there")]
    [InlineData(304, "does not answer with a file")]
    [InlineData(500, "its server's fault")]
    public async Task A_server_that_has_no_file_fails_the_build(int status, string wayOut)
    {
        await using var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, status, ""));

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => FetchAsync(server, Source(server.Address.Replace("//", "//me:secret@", StringComparison.Ordinal) + "a", "$X", 7)));

        Assert.Equal((FailureCode.BuildFailed, "user"), (failure.Code, failure.Code.Fault));
        Assert.Equal(
            $"ADD $X on line 7 of the Dockerfile could not be fetched: {server.Address}a answered {status}.", failure.Message);
        Assert.Contains(wayOut, failure.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("this machine", failure.Hint, StringComparison.Ordinal);

        var plain = await Assert.ThrowsAsync<DeploymentFailedException>(() => FetchAsync(server, Source(server.Address + "a")));
        Assert.EndsWith($"could not be fetched: its server answered {status}.", plain.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_a_redirect_led_is_told_without_what_gives_access_there()
    {
        await using var server = new ScriptedServer(context =>
        {
            context.Response.Headers["Location"] = "/there?signature=secret";
            return ScriptedServer.SayAsync(context, context.Request.Url!.AbsolutePath == "/a" ? 302 : 404, "");
        });

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => FetchAsync(server, Source(server.Address + "a")));

        Assert.EndsWith($": {server.Address}there, to which it was redirected, answered 404.", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h:99999/x", "port from 1 to 65535")]
    [InlineData("http://unknown.example/x", "spelled")]
    [InlineData("http://h/a%00b", "last part of the address")]
    public async Task What_is_wrong_with_an_address_has_its_own_way_out(string address, string wayOut)
    {
        await using var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, "x"));

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => FetchAsync(server, Source(address)));

        Assert.Contains(wayOut, failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_matter_of_host_and_port()
    {
        var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, "x"));
        await server.DisposeAsync();

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => FetchAsync(server, Source(server.Address + "x")));

        Assert.Contains("the port", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_that_is_refused_is_named_as_the_setting_takes_it_and_a_RUN_step_only_where_it_has_a_network(bool hasNetwork)
    {
        var fetch = new AddFetch(ClientOf(), new HostList([])) { BuildsHaveNetwork = hasNetwork };

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => fetch.FetchAsync([Source("http://[::1]/x")], new MemoryTree(), _log, Now));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains("may add `[::1]:80` to Speed__Docker__AllowedHosts", failure.Hint, StringComparison.Ordinal);
        Assert.Equal(hasNetwork, failure.Hint!.Contains("RUN step", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_fails_the_build()
    {
        await using var server = new ScriptedServer(async context =>
        {
            context.Response.ContentLength64 = 100_000;
            await context.Response.OutputStream.WriteAsync(new byte[50_000]);
            context.Response.Abort();
        });

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => FetchAsync(server, Source(server.Address + "a")));

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("broke off", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://", FailureCode.BuildFailed)]
    [InlineData("http:///x", FailureCode.BuildFailed)]
    [InlineData("http://h:99999/x", FailureCode.BuildFailed)]
    [InlineData("http://h:-1/x", FailureCode.BuildFailed)]
    [InlineData("http://h:0/x", FailureCode.BuildFailed)]
    [InlineData("ftp://h/x", FailureCode.BuildFailed)]
    [InlineData("http://[::]/x", FailureCode.DockerfileRefused)]
    [InlineData("http://[::1/x", FailureCode.BuildFailed)]
    [InlineData("http://0.0.0.0/x", FailureCode.DockerfileRefused)]
    [InlineData("http://0/x", FailureCode.DockerfileRefused)]
    [InlineData("http://[fe80::1%25eth0]/x", FailureCode.DockerfileRefused)]
    [InlineData("http://[::ffff:10.0.0.1]/x", FailureCode.DockerfileRefused)]
    [InlineData("http://169.254.169.254/latest", FailureCode.DockerfileRefused)]
    [InlineData("http://@/x", FailureCode.BuildFailed)]
    [InlineData("http://unknown.example/x", FailureCode.BuildFailed)]
    [InlineData("http://bücher.example/x", FailureCode.BuildFailed)]
    [InlineData("http://xn--/x", FailureCode.BuildFailed)]
    [InlineData("http://a..b/x", FailureCode.BuildFailed)]
    [InlineData("http://$/x", FailureCode.BuildFailed)]
    [InlineData("http://h ost/x", FailureCode.BuildFailed)]
    [InlineData("http://h\0/x", FailureCode.BuildFailed)]
    public async Task Whatever_stands_there_ends_in_a_code_of_the_user_s_and_a_name_that_nobody_knows_is_no_refusal(
        string address, FailureCode code)
    {
        await using var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, "x"));

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => FetchAsync(server, Source(address)));

        Assert.Equal((code, "user"), (failure.Code, failure.Code.Fault));
    }

    [Theory]
    [InlineData(256)]
    [InlineData(70_000)]
    public async Task So_does_a_host_that_is_too_long(int length)
    {
        await using var server = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, "x"));

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => FetchAsync(server, Source($"http://{new string('a', length)}/x")));

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
    }

    private static AddRequest Source(string address, string? written = null, int line = 1) =>
        new(address, written ?? address, line, null);

    private Task<IReadOnlyList<FetchedFile>> FetchAsync(ScriptedServer server, params AddRequest[] sources) =>
        new AddFetch(ClientOf(), Named(server)).FetchAsync(sources, new MemoryTree(), _log, Now);

    private static HostList Named(ScriptedServer server) => new([new Uri(server.Address).Authority]);

    // The system's, but that no question leaves this machine.
    private static GuardedClient ClientOf() => new(
        new Resolver
        {
            Resolve = (host, _) => host.Length > 255
                ? throw new ArgumentOutOfRangeException(nameof(host), "The name is too long.")
                : throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound),
        },
        TimeProvider.System);
}
