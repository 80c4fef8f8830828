using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: programs tell SPEED of themselves through the socket in their container.</summary>
public sealed class ReportTests : IAsyncLifetime
{
    // Reports, waits until SPEED has bound its socket anew, and reports again.
    private const string Script =
        """
        use IO::Socket::UNIX;
        $| = 1;
        sub say_to {
            my ($path, $token, $body) = @_;
            my $socket = IO::Socket::UNIX->new("/run/speed/api.sock") or return "no socket";
            print $socket "POST $path HTTP/1.1\r\nHost: speed\r\nConnection: close\r\nAuthorization: Bearer $token\r\n"
                . "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
            local $/;
            my $answer = <$socket>;
            return $answer =~ m{^HTTP/1.1 (\d+)} ? $1 : "none";
        }
        my ($id, $token) = ($ENV{SPEED_DEPLOYMENT_ID}, $ENV{SPEED_TOKEN});
        print "first ", say_to("/add_results/$id", $token, '{"results":"one"}'), "\n";
        print "other ", say_to("/add_results/" . ($id - 1), $token, '{"results":"stolen"}'), "\n";
        print "bare ", say_to("/add_results/$id", "", '{"results":"bare"}'), "\n";
        print "start ", say_to("/start", $token, '{"url":"https://example.com/r","branch":"b"}'), "\n";
        print "write ", (open(my $file, ">", "/run/speed/mine") ? "done" : "refused"), "\n";
        # Open until SPEED goes; a new socket may well have the number of the old one.
        my $before = IO::Socket::UNIX->new("/run/speed/api.sock");
        print "waiting\n";
        alarm 60;
        sysread($before, my $nothing, 1);
        alarm 0;
        my $said;
        for (1 .. 100) {
            $said = say_to("/update", $token, '{"id":' . $id . ',"new_results":"two"}');
            last if $said eq "200";
            select(undef, undef, undef, 0.1);
        }
        print "second $said\n";
        """;

    private World _world = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await PerlImage.MakeAsync();
        _world = new World();
        await _world.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("bridge")]
    [InlineData("none")]
    [Trait("Engine", "Both")]
    public async Task A_program_reports_on_itself_alone_before_and_after_a_restart_of_SPEED(string network)
    {
        var repository = await _world.RepositoryAsync(r => r
            .File("Dockerfile", $"FROM {PerlImage.Name}\nCOPY report.pl /\nCMD [\"/usr/bin/perl\", \"/report.pl\"]\n")
            .File("report.pl", Script));
        var other = await _world.DeployAsync("FROM busybox\nCMD [\"true\"]\n");
        var id = await _world.StartAsync(repository, new { network });
        await _world.SeesLineAsync(id, "waiting");

        await _world.App.RestartAsync();
        var ended = await _world.EndAsync(id);

        Assert.Equal("Succeeded", ended.Status);
        Assert.True(ended.Log.Contains("first 200\nother 404\nbare 401\nstart 403\nwrite refused\n", StringComparison.Ordinal), ended.Log);
        Assert.Contains("second 200\n", ended.Log, StringComparison.Ordinal);
        Assert.StartsWith("one\ntwo\n", ended.Results, StringComparison.Ordinal);
        Assert.DoesNotContain("stolen", await _world.App.ResultsAsync(other.Id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_leaders_token_is_still_good_just_after_the_end_and_for_its_attempt_only()
    {
        var ended = await _world.DeployAsync("FROM busybox\nCMD echo token=$SPEED_TOKEN | rev\n");

        // Turned around, it is not masked; the program could have sent it anywhere.
        var token = new string([.. JsonSerializer.Serialize(ended.Results).Trim('"').Reverse()])["token=".Length..];

        Assert.StartsWith("spl_", token, StringComparison.Ordinal);
        Assert.Equal(200, await AskAsync(token));
        Assert.Equal(401, await AskAsync(token.Replace("_1_", "_2_", StringComparison.Ordinal)));

        async Task<int> AskAsync(string key)
        {
            using var client = new HttpClient(SocketHandler());
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://speed/add_results/{ended.Id}")
            {
                Content = new StringContent("""{"results": "late"}""", null, "application/json"),
            };
            request.Headers.Add("Authorization", $"Bearer {key}");
            using var answer = await client.SendAsync(request, Now);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_program_that_opens_connections_without_end_keeps_no_other_from_reporting()
    {
        const string Flood =
            """
            use IO::Socket::UNIX;
            $| = 1;
            my (@open, $count);
            while (1) {
                push @open, IO::Socket::UNIX->new("/run/speed/api.sock") || next;
                shift @open if @open > 900;
                print "flooding\n" if ++$count == 2000;
            }
            """;
        // Slower to speak than it takes to open as many as there may be.
        const string Slow =
            """
            use IO::Socket::UNIX;
            my ($id, $token, $body) = ($ENV{SPEED_DEPLOYMENT_ID}, $ENV{SPEED_TOKEN}, '{"results":"heard"}');
            for (1 .. 4) {
                my $socket = IO::Socket::UNIX->new("/run/speed/api.sock");
                select(undef, undef, undef, 1);
                print $socket "POST /add_results/$id HTTP/1.1\r\nHost: speed\r\nConnection: close\r\nAuthorization: Bearer $token\r\n"
                    . "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
                local $/;
                print <$socket> =~ m{^HTTP/1.1 200} ? "heard\n" : "not heard\n";
            }
            """;
        var flooding = await _world.StartAsync(await PerlAsync(Flood));
        await _world.SeesLineAsync(flooding, "flooding");

        var ended = await _world.DeployAsync(await PerlAsync(Slow));

        Assert.Equal("heard\nheard\nheard\nheard\nheard\nheard\nheard\nheard", ended.Succeeded().Results.TrimEnd());
        Assert.Equal("Running", (await _world.App.InfoAsync(flooding)).GetProperty("status").GetString());

        Task<GitRepository> PerlAsync(string script) => _world.RepositoryAsync(r => r
            .File("Dockerfile", $"FROM {PerlImage.Name}\nCOPY it.pl /\nCMD [\"/usr/bin/perl\", \"/it.pl\"]\n")
            .File("it.pl", script));
    }

    private SocketsHttpHandler SocketHandler() => new()
    {
        ConnectCallback = async (_, token) =>
        {
            var socket = new System.Net.Sockets.Socket(
                System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
            await socket.ConnectAsync(
                new System.Net.Sockets.UnixDomainSocketEndPoint(
                    Path.Combine(_world.App.DataDirectory, "report", "api.sock")),
                token);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        },
    };
}
