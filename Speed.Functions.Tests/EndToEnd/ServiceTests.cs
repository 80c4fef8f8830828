using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Real servers on the real engine.</summary>
public sealed class ServiceTests : IAsyncLifetime
{
    private const string Httpd = "CMD exec httpd -f -p 8080 -h /www\n";

    // Up as soon as it answers, and not only when it has lived for ten seconds.
    private const string Healthcheck =
        "HEALTHCHECK --interval=1s --retries=100 CMD wget -q -O /dev/null http://127.0.0.1:8080/\n";

    private const string Ill = "No longer healthy: Its health check ended with 1: no database";
    private const string WellAgain = "Healthy again.";

    private readonly World _world = new() { Settings = { ["Speed__MaxRunning"] = "1" } };
    private readonly HttpClient _http = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_repository_with_a_server_is_two_fields_in_and_an_address_out()
    {
        var repository = await _world.RepositoryAsync(r => r
            .File("index.html", "hello")
            .File("Dockerfile", "FROM busybox\nCOPY index.html /www/\nEXPOSE 8080\n" + Httpd));

        var up = await _world.UpAsync(await _world.StartAsync(repository));

        Assert.Equal("hello", await _http.GetStringAsync(AddressOf(up), Now));
        Assert.Equal(("service", "Running"), (up.Text("kind"), up.Text("status")));
        Assert.StartsWith("http://127.0.0.1:", AddressOf(up));
        await _world.SeesLineAsync(up.Id(), $"Up: listening at {AddressOf(up)}");
    }

    [Fact]
    public async Task A_service_that_is_up_frees_its_slot_and_outlives_a_restart_of_SPEED()
    {
        var repository = await ServerAsync("one");
        var up = await _world.UpAsync(await _world.StartAsync(repository));

        (await _world.DeployAsync("FROM busybox\nCMD echo done\n")).Succeeded();
        await _world.App.RestartAsync();
        (await _world.DeployAsync("FROM busybox\nCMD echo done\n")).Succeeded();

        var now = await _world.App.GetDeploymentAsync(up.Id());
        Assert.Equal((1, "Running"), (now.GetProperty("attempt").GetInt32(), now.Text("status")));
        Assert.Equal("one", await _http.GetStringAsync(AddressOf(now), Now));
    }

    [Fact]
    public async Task A_newer_one_takes_over_once_it_is_up_and_one_that_does_not_come_up_leaves_the_older_running()
    {
        var repository = await ServerAsync("one");
        var first = await _world.UpAsync(await _world.StartAsync(repository));

        await repository.ChangeAsync(r => r.File("Dockerfile", "FROM busybox\nEXPOSE 8080\nCMD echo broken; exit 3\n"));
        var broken = await _world.EndAsync(await _world.StartAsync(repository));
        Assert.Equal("one", await _http.GetStringAsync(AddressOf(first), Now));
        await repository.ChangeAsync(Server("two"));
        var second = await _world.UpAsync(await _world.StartAsync(repository));
        var ended = await _world.EndAsync(first.Id());

        broken.FailedWith("EXIT_NONZERO", "run");
        Assert.Contains("broken", broken.Results);
        Assert.Equal("two", await _http.GetStringAsync(AddressOf(second), Now));
        Assert.Equal(("Canceled", "SUPERSEDED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
        Assert.Equal(second.Id(), ended.Resource.GetProperty("superseded_by").GetInt64());
        Assert.Single(await _world.ContainersAsync());
    }

    [Fact]
    public async Task On_a_fixed_port_the_older_one_is_stopped_first_and_started_again_if_the_newer_one_fails()
    {
        var port = FreePort();
        object options = new { ports = new[] { new { container = 8080, host = port } }, timeouts = new { start_s = 20 } };
        var repository = await ServerAsync("one");
        var first = await _world.UpAsync(await _world.StartAsync(repository, new { ports = new[] { new { container = 8080, host = port } } }));

        await repository.ChangeAsync(r => r.File("Dockerfile", "FROM busybox\nCMD sleep 1000\n"));
        var broken = await _world.EndAsync(await _world.StartAsync(repository, options));
        var again = await _world.UpAsync(first.Id());
        Assert.Equal("one", await _http.GetStringAsync($"http://127.0.0.1:{port}", Now));
        await repository.ChangeAsync(Server("two"));
        var second = await _world.UpAsync(await _world.StartAsync(repository, new { ports = new[] { new { container = 8080, host = port } } }));

        broken.FailedWith("UNHEALTHY", "run");
        Assert.Contains("takes connections on port 8080", broken.Resource.GetProperty("failure").Text("message"));
        Assert.Equal(2, again.GetProperty("attempt").GetInt32());
        Assert.Equal("two", await _http.GetStringAsync($"http://127.0.0.1:{port}", Now));
        Assert.Equal("Canceled", (await _world.EndAsync(first.Id())).Status);
        Assert.Equal($"http://127.0.0.1:{port}", AddressOf(second));
    }

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
        var repository = await ServerAsync("one");
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
        var repository = await ServerAsync("one");

        var failed = await _world.EndAsync(await _world.StartAsync(
            repository, new { health = new { path = "/missing", start_s = 0, interval_s = 1 } }));
        var up = await _world.UpAsync(await _world.StartAsync(
            repository, new { health = new { path = "/missing", status = 404 } }));

        failed.FailedWith("UNHEALTHY", "run");
        Assert.Contains("GET /missing on port 8080 answered 404", failed.Resource.GetProperty("failure").Text("message"));
        Assert.Equal("Running", up.Text("status"));
    }

    [Fact]
    public async Task A_service_that_fails_is_started_again_after_pauses_and_its_restarts_are_on_record()
    {
        // Up by its health check at once, and gone soon after, twice.
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nHEALTHCHECK --interval=1s CMD true\n"
            + "CMD echo run >> /data/runs; [ $(wc -l < /data/runs) -ge 3 ] && exec sleep 1000; sleep 4; exit 9\n"));
        var id = await _world.StartAsync(
            repository, new { restart = "on-failure", volumes = new[] { new { name = "data", path = "/data" } } });

        await _world.SeesLineAsync(id, "(2 of 10).");
        await _world.WaitForAttemptAsync(id, 3);
        var up = await _world.UpAsync(id);

        Assert.Equal(3, up.GetProperty("attempt").GetInt32());
        Assert.Equal(3, up.GetProperty("phases").EnumerateArray().Count(phase => phase.Text("name") == "run"));
    }

    [Fact]
    public async Task A_volume_keeps_its_data_across_a_swap_and_is_never_removed()
    {
        object options = new { volumes = new[] { new { name = "data", path = "/www" } } };
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\nEXPOSE 8080\n{Healthcheck}CMD echo x >> /www/index.html; exec httpd -f -p 8080 -h /www\n"));
        var first = await _world.UpAsync(await _world.StartAsync(repository, options));
        var second = await _world.UpAsync(await _world.StartAsync(repository, options));
        await _world.EndAsync(first.Id());

        Assert.Equal("x\nx\n", await _http.GetStringAsync(AddressOf(second), Now));
        await _world.App.PostAsync($"/v1/deployments/{second.Id()}/cancel", new { });
        await _world.EndAsync(second.Id());
        Assert.Single(await DockerCli.LinesAsync("volume", "ls", "--quiet", "--filter", $"label=speed.instance={_world.Instance}"));
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

    [Fact]
    public async Task Its_leader_may_declare_its_end()
    {
        var up = await _world.UpAsync(await _world.StartAsync(await ServerAsync("one")));

        (await _world.App.UpdateAsync(up.Id(), "Succeeded")).Dispose();
        var ended = await _world.EndAsync(up.Id());

        Assert.Equal("Succeeded", ended.Status);
        await _world.EventuallyNoContainersAsync();
    }

    [Fact]
    public async Task A_service_ends_when_its_time_is_up_and_frees_its_port()
    {
        var repository = await ServerAsync("one");
        var ended = await _world.EndAsync(await _world.StartAsync(repository, new { ttl_s = 1 }));

        Assert.Equal(("Canceled", "TTL_EXPIRED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
        await _world.EventuallyNoContainersAsync();
    }

    [Fact]
    public async Task One_that_ignores_SIGTERM_is_killed_after_its_grace_and_the_next_one_tries_to_keep_its_port()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\nEXPOSE 8080\n{Healthcheck}CMD mkdir /www; echo 1 > /www/index.html; trap '' TERM; httpd -f -p 8080 -h /www & while true; do sleep 1; done\n"));
        var first = await _world.UpAsync(await _world.StartAsync(repository));

        await _world.App.PostAsync($"/v1/deployments/{first.Id()}/cancel", new { reason = "enough" });
        var ended = await _world.EndAsync(first.Id());
        var second = await _world.UpAsync(await _world.StartAsync(repository));

        Assert.Equal("Canceled", ended.Status);
        Assert.Equal(AddressOf(first), AddressOf(second));
    }

    [Fact]
    public async Task A_retry_of_an_older_one_rolls_back_to_its_image_without_the_repository()
    {
        var repository = await ServerAsync("one");
        var first = await _world.UpAsync(await _world.StartAsync(repository));
        await repository.ChangeAsync(Server("two"));
        var second = await _world.UpAsync(await _world.StartAsync(repository));
        await _world.EndAsync(first.Id());
        Directory.Delete(repository.Folder, recursive: true);

        using var answer = await _world.App.PostAsync($"/v1/deployments/{first.Id()}/retry", new { });
        var back = await _world.UpAsync((await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).Id());

        Assert.Equal("one", await _http.GetStringAsync(AddressOf(back), Now));
        Assert.Equal(first.Text("image_id"), back.Text("image_id"));
        Assert.Equal("SUPERSEDED", (await _world.EndAsync(second.Id())).Resource.GetProperty("failure").Text("code"));
        Assert.Contains("Neither cloned nor built", await _world.LogAsync(back));
    }

    private Task<GitRepository> ServerAsync(string text) => _world.RepositoryAsync(Server(text));

    private static Action<GitChanges> Server(string text) => r => r.File(
        "Dockerfile", $"FROM busybox\nRUN mkdir /www && printf {text} > /www/index.html\nEXPOSE 8080\n{Healthcheck}{Httpd}");

    private static string AddressOf(JsonElement deployment) =>
        deployment.GetProperty("endpoints")[0].Text("url");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
