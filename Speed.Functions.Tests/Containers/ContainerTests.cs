using Speed.Tests.Data;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Containers;

/// <summary>Drives the real engine: SPEED in a container of its own image, beside the deployments that it makes.</summary>
/// <remarks>Where the engine's client has Compose, compose.yaml starts it, else <c>docker run</c>.</remarks>
[Trait("Engine", "Both")]
public sealed class ContainerTests(SpeedImage image) : IClassFixture<SpeedImage>
{
    // Reports at its start, and again each time that SPEED has gone and come back, twice in all; prints meanwhile.
    private const string Script =
        """
        use IO::Socket::UNIX;
        $| = 1;
        my ($id, $token) = ($ENV{SPEED_DEPLOYMENT_ID}, $ENV{SPEED_TOKEN});
        sub report {
            my $body = '{"results":"' . $_[0] . '"}';
            for (1 .. 600) {
                my $socket = IO::Socket::UNIX->new("/run/speed/api.sock");
                if ($socket) {
                    print $socket "POST /add_results/$id HTTP/1.1\r\nHost: speed\r\nConnection: close\r\n"
                        . "Authorization: Bearer $token\r\nContent-Type: application/json\r\n"
                        . "Content-Length: " . length($body) . "\r\n\r\n$body";
                    my $line = <$socket> // "";
                    return if $line =~ m{^HTTP/1.1 200};
                }
                select(undef, undef, undef, 0.1);
            }
            die "not taken: $_[0]\n";
        }
        report("begun");
        my $tick = 0;
        for my $time (1, 2) {
            my $open = IO::Socket::UNIX->new("/run/speed/api.sock") or die "no socket\n";
            print "waiting $time\n";
            while (1) {
                my ($bits, $nothing) = ("", "");
                vec($bits, fileno($open), 1) = 1;
                # An open connection without a key is closed after ten seconds: then there is one anew.
                last if select($bits, undef, undef, 0.05) && !sysread($open, $nothing, 1)
                    && !($open = IO::Socket::UNIX->new("/run/speed/api.sock"));
                print "tick ", ++$tick, "\n";
            }
            report("back $time");
        }
        print "ticks $tick\n";
        """;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Deployments_outlast_a_restart_and_an_upgrade_of_SPEED_and_are_gone_when_they_are_ended()
    {
        await PerlImage.MakeAsync();
        await using var git = await GitServer.StartAsync();
        var job = await git.CreateAsync("job", r => r
            .File("Dockerfile", $"FROM {PerlImage.Name}\nCOPY report.pl /\nCMD [\"/usr/bin/perl\", \"/report.pl\"]\n")
            .File("report.pl", Script));
        var site = await git.CreateAsync("site", Services.Server("first"));
        await using var speed = await NewAsync();
        await speed.UpAsync(image.First);

        var service = await speed.DeployAsync(site.Url, new { volumes = new[] { new { name = "data", path = "/data" } } });
        var running = await speed.DeployAsync(job.Url, new { });
        var address = Services.AddressOf(await speed.IsUpAsync(service));
        var held = await ContainersOfAsync(speed, service);
        await DockerCli.RunAsync("exec", held.Single(), "sh", "-c", "echo kept > /data/x");
        await HasLineAsync(speed, running, "waiting 1");

        await speed.RestartAsync();
        await HasLineAsync(speed, running, "waiting 2");
        Assert.Equal("first", await ReadAsync(address));

        await speed.UpAsync(image.Second);
        var ended = await speed.EndsAsync(running);
        Assert.Equal("Succeeded", ended.GetProperty("status").GetString());
        Assert.Equal("first", await ReadAsync(address));
        Assert.Equal(held, await ContainersOfAsync(speed, service));
        await IsWholeAsync(speed, running);

        await site.ChangeAsync(Services.Server("second"));
        var newer = await speed.DeployAsync(site.Url, new { });
        address = Services.AddressOf(await speed.IsUpAsync(newer));
        Assert.Equal("second", await ReadAsync(address));
        Assert.Equal("kept\n", await DockerCli.RunAsync("exec", (await ContainersOfAsync(speed, newer)).Single(), "cat", "/data/x"));

        using var canceled = await speed.Client.PostAsync($"/v1/deployments/{newer}/cancel", null, Now);
        await speed.EndsAsync(newer);
        var instance = await speed.FindInstanceAsync();
        await DockerCli.EventuallyNoContainersAsync($"speed-{instance}-");
        await DockerCli.RunAsync("stop", "--time", "40", speed.Container);
        Assert.Empty(await DockerCli.LinesAsync("network", "ls", "--quiet", "--filter", $"name=^speed-{instance}$"));
    }

    [Fact]
    public async Task What_an_earlier_program_told_of_its_deployments_is_told_by_the_image_on_its_data()
    {
        using var data = await EarlierData.CopyAsync();
        await using var speed = new PlainSpeed(FreePort.Find()) { Settings = { ["Speed__MaxRunning"] = "0" } };
        var volume = speed.Container;
        await DockerCli.RunAsync("volume", "create", volume);
        await DockerCli.RunAsync(
            "run", "--rm", "--volume", $"{volume}:/data", "--volume", $"{data.FullPath}:/earlier:ro", "busybox", "sh", "-c",
            "cp /earlier/* /data/ && chown -R 1654:1654 /data && chmod 700 /data");

        await speed.UpAsync(image.First);

        var ended = data.Expected["reads"]!["deployments"]!.AsArray()
            .Where(one => (string)one!["status"]! is "Succeeded" or "Failed" or "Canceled").ToList();
        Assert.NotEmpty(ended);
        foreach (var told in ended)
        {
            var now = await speed.GetAsync((long)told!["id"]!);
            Assert.Equal((string)told["status"]!, now.GetProperty("status").GetString());
            if ((string?)told["log"]!["sha256"] is { } log)
            {
                Assert.Equal(log, now.GetProperty("log").GetProperty("sha256").GetString());
            }
        }
    }

    [Fact]
    public async Task A_SPEED_that_may_not_open_the_engine_s_socket_names_the_group_and_the_command_that_finds_it()
    {
        await using var speed = new PlainSpeed(FreePort.Find()) { Group = [], More = ["--tty"] };
        await speed.UpAsync(image.First);

        var docker = (await speed.ExamineAsync())["docker"].Single();
        var key = (await DockerCli.RunAsync("exec", speed.Container, "cat", "/data/admin.key")).Trim();
        var printed = await speed.PrintedAsync();

        var stat = await DockerCli.RunAsync("exec", speed.Container, "stat", "-Lc", "%g", "/var/run/docker.sock");
        Assert.Contains($"group {stat.Trim()} may", docker.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("stat -Lc %g /var/run/docker.sock", docker.GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.Contains("--group-add", docker.GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.Contains("stat -Lc %g", printed, StringComparison.Ordinal);
        // A container's terminal is kept in its log: the key is not printed there either.
        Assert.Contains("docker compose exec speed cat /data/admin.key", printed, StringComparison.Ordinal);
        Assert.DoesNotContain(key, printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_a_user_with_the_host_s_network_its_data_on_a_volume_and_all_else_read_only_nothing_is_amiss()
    {
        using var job = await GitRepository.CreateAsync(r => r.File("Dockerfile", "FROM busybox\nCMD echo done\n"));
        await DockerCli.RunAsync("run", "--rm", "--volume", $"{job.Folder}:/job", "busybox", "chown", "-R", "1654:1654", "/job");
        await using var speed = new PlainSpeed(FreePort.Find()) { More = ["--read-only", "--volume", $"{job.Folder}:/job:ro"] };
        await speed.UpAsync(image.First);

        var findings = await speed.ExamineAsync();
        var ended = await speed.EndsAsync(await speed.DeployAsync("file:///job", new { }));
        Assert.Equal("Succeeded", ended.GetProperty("status").GetString());

        Assert.All(
            ["docker", "container", "container network", "data directory"],
            name => Assert.True(findings[name].Single().GetProperty("ok").GetBoolean(), $"{findings[name].Single()}"));
        Assert.Equal("1654\n", await DockerCli.RunAsync("exec", speed.Container, "id", "-u"));
        Assert.Contains(
            "SPEED answers",
            await DockerCli.RunAsync("exec", speed.Container, "dotnet", "/app/Speed.Functions.dll", "--health"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_on_a_volume_without_a_name_are_said_to_be_lost_with_the_container()
    {
        await using var speed = new PlainSpeed(FreePort.Find()) { Data = "/data" };
        await speed.UpAsync(image.First);

        var container = (await speed.ExamineAsync())["container"].Single();

        Assert.False(container.GetProperty("ok").GetBoolean());
        Assert.Contains("volume without a name", container.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_host_s_network_doctor_says_what_is_off_and_services_come_up_all_the_same()
    {
        using var site = await GitRepository.CreateAsync(r => r.File("Dockerfile", "FROM busybox\nEXPOSE 8080\nCMD exec httpd -f -p 8080\n"));
        var port = FreePort.Find();
        await using var speed = new PlainSpeed(port)
        {
            Network = ["--publish", $"127.0.0.1:{port}:{port}"],
            More = ["--volume", $"{site.Folder}:/site:ro"],
            Settings = { ["Speed__Urls"] = $"http://0.0.0.0:{port}" },
        };
        await DockerCli.RunAsync(
            "run", "--rm", "--volume", $"{site.Folder}:/site", "busybox", "chown", "-R", "1654:1654", "/site");
        await speed.UpAsync(image.First);

        var network = (await speed.ExamineAsync())["container network"].Single();
        var plain = await speed.IsUpAsync(await speed.DeployAsync("file:///site", new { name = "plain" }));
        var asked = await speed.EndsAsync(
            await speed.DeployAsync("file:///site", new { name = "asked", health = new { path = "/" } }));

        Assert.All(
            ["proxy", "health.path"],
            words => Assert.Contains(words, network.GetProperty("detail").GetString(), StringComparison.Ordinal));
        Assert.Contains("--network host", network.GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.True(ContainedSpeed.IsRunning(plain));
        Assert.Equal("UNHEALTHY", asked.GetProperty("failure").GetProperty("code").GetString());
        Assert.Contains(
            "--network host", asked.GetProperty("failure").GetProperty("hint").GetString(), StringComparison.Ordinal);
    }

    private async Task<ContainedSpeed> NewAsync() =>
        await ComposedSpeed.IsThereAsync() ? new ComposedSpeed(FreePort.Find(), image.Program) : new PlainSpeed(FreePort.Find());

    private static async Task<IReadOnlyList<string>> ContainersOfAsync(ContainedSpeed speed, long id) =>
        await DockerCli.ContainersAsync($"speed-{await speed.FindInstanceAsync()}-{id}-");

    // Follows the log until it has the line.
    private static async Task HasLineAsync(ContainedSpeed speed, long id, string line)
    {
        using var answer = await speed.Client.GetAsync(
            $"/v1/deployments/{id}/logs?follow=true", HttpCompletionOption.ResponseHeadersRead, Now);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Now));
        string? text;
        do
        {
            text = await reader.ReadLineAsync(Now);
        }
        while (text is not null && text != line);

        Assert.True(text is not null, $"The log of deployment {id} ended without the line {line}.");
    }

    // Every line that was printed is there, once and in its place.
    private static async Task IsWholeAsync(ContainedSpeed speed, long id)
    {
        var log = await speed.LogAsync(id);
        var ticks = log.Split('\n').Where(line => line.StartsWith("tick ", StringComparison.Ordinal)).Select(line => line[5..]).ToList();
        Assert.Equal(Enumerable.Range(1, ticks.Count).Select(n => $"{n}"), ticks);
        Assert.Contains($"\nticks {ticks.Count}\n", log, StringComparison.Ordinal);
        var results = (await speed.Client.GetStringAsync($"/results/{id}", Now)).Replace("\\n", " ", StringComparison.Ordinal);
        Assert.Contains("begun back 1 back 2", results, StringComparison.Ordinal);
    }

    private static async Task<string> ReadAsync(string address)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(address, Now);
    }
}
