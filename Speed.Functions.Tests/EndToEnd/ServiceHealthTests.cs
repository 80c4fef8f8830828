using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: how it is told whether a service is well.</summary>
public sealed class ServiceHealthTests : IAsyncLifetime
{
    private const string Ill = "No longer healthy: Its health check ended with 1: no database";
    private const string WellAgain = "Healthy again.";

    private readonly World _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_image_s_own_health_check_says_when_it_is_up_and_why_it_is_not()
    {
        var well = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nHEALTHCHECK --interval=1s --retries=2 CMD test -e /ready\nCMD sleep 2; touch /ready; exec sleep 1000\n"));
        var ill = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nHEALTHCHECK --interval=1s --retries=2 CMD echo no database; exit 1\nCMD exec sleep 1000\n"));

        var up = await _world.UpAsync(await _world.StartAsync(well));
        var failed = await _world.EndAsync(await _world.StartAsync(ill));

        Assert.Empty(up.GetProperty("endpoints").EnumerateArray());
        failed.FailedWith("UNHEALTHY", "run");
        Assert.Contains("no database", failed.Resource.GetProperty("failure").Text("message"));
        Assert.Contains("no database", failed.Results);
    }

    [Theory]
    [Trait("Engine", "Both")]
    [InlineData("HEALTHCHECK --interval=5m CMD test -e /ready")]
    [InlineData("HEALTHCHECK --interval=5m --start-period=10m CMD [\"test\", \"-e\", \"/ready\"]")]
    public async Task A_health_check_that_the_engine_asks_minutes_later_is_asked_by_SPEED_until_it_is_up(string check)
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\n{check}\nCMD sleep 3; touch /ready; exec sleep 1000\n"));

        var up = await _world.UpAsync(await _world.StartAsync(repository));

        await _world.SeesLineAsync(up.Id(), "Up.");
        Assert.Equal("", await DockerCli.RunAsync("exec", (await _world.ContainersOfAsync(up.Id())).Single(), "cat", "/ready"));
    }

    [Fact]
    public async Task One_that_never_succeeds_is_told_with_what_it_says_and_one_that_hangs_is_asked_once_at_a_time()
    {
        var ill = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", "FROM busybox\nHEALTHCHECK --interval=5m CMD echo no database; exit 3\nCMD exec sleep 1000\n"));
        var hung = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nHEALTHCHECK --interval=5m --timeout=1s CMD echo asked > /proc/1/fd/1; exec sleep 1000\n"
            + "CMD exec sleep 1000\n"));

        var told = await _world.EndAsync(await _world.StartAsync(ill, new { timeouts = new { start_s = 5 } }));
        var stuck = await _world.EndAsync(
            await _world.StartAsync(hung, new { init = false, timeouts = new { start_s = 8 } }));

        Assert.Contains("Its health check ended with 3: no database", told.FailedWith("UNHEALTHY", "run"));
        Assert.Contains("Its health check did not end within 1 s.", stuck.FailedWith("UNHEALTHY", "run"));
        Assert.Single(stuck.Log.Split('\n'), line => line.EndsWith("asked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_program_that_checks_its_Host_header_is_asked_under_the_name_that_it_was_given()
    {
        var repository = await _world.RepositoryAsync(r => r
            .File("health", "#!/bin/sh\nif [ \"$HTTP_HOST\" = app.example.org ]; then echo 'Status: 200 OK'; "
                + "else echo 'Status: 400 Bad Request'; fi\necho; echo \"host $HTTP_HOST\"\n")
            .File("Dockerfile", "FROM busybox\nCOPY health /www/cgi-bin/health\nRUN chmod +x /www/cgi-bin/health\n"
                + "EXPOSE 8080\nCMD exec httpd -f -p 8080 -h /www\n"));

        var up = await _world.UpAsync(await _world.StartAsync(
            repository, new { hosts = new[] { "app.example.org" }, health = new { path = "/cgi-bin/health" } }));
        var refused = await _world.EndAsync(await _world.StartAsync(repository, new
        {
            hosts = new[] { "app.example.org" },
            health = new { path = "/cgi-bin/health", host = "other.example.org", start_s = 0, interval_s = 1 },
        }));

        Assert.Equal("Running", up.Text("status"));
        Assert.Contains(
            "answered 400, asked as other.example.org: host other.example.org", refused.FailedWith("UNHEALTHY", "run"));
    }

    [Fact]
    public async Task One_that_is_up_and_no_longer_healthy_stays_up_and_its_log_says_so_once_and_when_it_is_over()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nHEALTHCHECK --interval=1s --retries=2 CMD test -e /well || { echo no database; exit 1; }\n"
            + "CMD touch /well; exec sleep 1000\n"));
        var up = await _world.UpAsync(await _world.StartAsync(repository));
        var container = (await _world.ContainersOfAsync(up.Id())).Single();

        for (var episode = 1; episode <= 2; episode++)
        {
            await DockerCli.RunAsync("exec", container, "rm", "/well");
            await _world.SeesLineAsync(up.Id(), line => line == Ill, episode);
            await DockerCli.RunAsync("exec", container, "touch", "/well");
            await _world.SeesLineAsync(up.Id(), line => line == WellAgain, episode);
        }

        var now = await _world.App.GetDeploymentAsync(up.Id());
        var lines = (await _world.LogAsync(now)).Split('\n').Where(line => line is Ill or WellAgain);
        Assert.Equal([Ill, WellAgain, Ill, WellAgain], lines);
        Assert.Equal((1, "Running"), (now.GetProperty("attempt").GetInt32(), now.Text("status")));
    }

    [Fact]
    public async Task So_does_one_whose_health_is_asked_by_path()
    {
        var repository = await _world.ServerAsync("one");
        var up = await _world.UpAsync(await _world.StartAsync(
            repository, new { health = new { path = "/index.html", interval_s = 1 } }));
        var container = (await _world.ContainersOfAsync(up.Id())).Single();

        await DockerCli.RunAsync("exec", container, "mv", "/www/index.html", "/www/away");
        await _world.SeesLineAsync(up.Id(), line => line.StartsWith("No longer healthy: GET /index.html on port 8080 answered 404", StringComparison.Ordinal));
        await DockerCli.RunAsync("exec", container, "mv", "/www/away", "/www/index.html");

        await _world.SeesLineAsync(up.Id(), WellAgain);
    }

    [Fact]
    public async Task Health_by_path_tells_the_answer_that_was_not_good()
    {
        var repository = await _world.ServerAsync("one");

        var failed = await _world.EndAsync(await _world.StartAsync(
            repository, new { health = new { path = "/missing", start_s = 0, interval_s = 1 } }));
        var up = await _world.UpAsync(await _world.StartAsync(
            repository, new { health = new { path = "/missing", status = 404 } }));

        failed.FailedWith("UNHEALTHY", "run");
        Assert.Contains("GET /missing on port 8080 answered 404", failed.Resource.GetProperty("failure").Text("message"));
        Assert.Equal("Running", up.Text("status"));
    }

    [Fact]
    public async Task One_that_ends_after_a_second_was_never_up()
    {
        var ended = await _world.DeployAsync(
            "FROM busybox\nCMD echo nothing to do; sleep 1\n", new { kind = "service" });

        var words = ended.FailedWith("UNHEALTHY", "run");
        Assert.Contains("ended with exit code 0 before it was up", words);
        Assert.Contains("kind: job", words);
        Assert.Contains("nothing to do", ended.Results);
    }
}
