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
