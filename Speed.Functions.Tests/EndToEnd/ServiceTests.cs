using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: servers, from two fields to an address and to their end.</summary>
public sealed class ServiceTests : IAsyncLifetime
{
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
    [Trait("Engine", "Both")]
    public async Task A_repository_with_a_server_is_two_fields_in_and_an_address_out()
    {
        var repository = await _world.RepositoryAsync(r => r
            .File("index.html", "hello")
            .File("Dockerfile", "FROM busybox\nCOPY index.html /www/\nEXPOSE 8080\n"
                + "CMD exec httpd -f -p 8080 -h /www\n"));

        var up = await _world.UpAsync(await _world.StartAsync(repository));

        Assert.Equal("hello", await _http.GetStringAsync(Services.AddressOf(up), Now));
        Assert.Equal(("service", "Running"), (up.Text("kind"), up.Text("status")));
        Assert.StartsWith("http://127.0.0.1:", Services.AddressOf(up));
        await _world.SeesLineAsync(up.Id(), $"Up: listening at {Services.AddressOf(up)}");
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_service_that_is_up_frees_its_slot_and_outlives_a_restart_of_SPEED()
    {
        var repository = await _world.ServerAsync("one");
        var up = await _world.UpAsync(await _world.StartAsync(repository));

        (await _world.DeployAsync("FROM busybox\nCMD echo done\n")).Succeeded();
        await _world.App.RestartAsync();
        (await _world.DeployAsync("FROM busybox\nCMD echo done\n")).Succeeded();

        var now = await _world.App.GetDeploymentAsync(up.Id());
        Assert.Equal((1, "Running"), (now.GetProperty("attempt").GetInt32(), now.Text("status")));
        Assert.Equal("one", await _http.GetStringAsync(Services.AddressOf(now), Now));
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
    public async Task Its_leader_may_declare_its_end()
    {
        var up = await _world.UpAsync(await _world.StartAsync(await _world.ServerAsync("one")));

        (await _world.App.UpdateAsync(up.Id(), "Succeeded")).Dispose();
        var ended = await _world.EndAsync(up.Id());

        Assert.Equal("Succeeded", ended.Status);
        await _world.EventuallyNoContainersAsync();
    }

    [Fact]
    public async Task A_service_ends_when_its_time_is_up_and_frees_its_port()
    {
        var repository = await _world.ServerAsync("one");
        var ended = await _world.EndAsync(await _world.StartAsync(repository, new { ttl_s = 1 }));

        Assert.Equal(("Canceled", "TTL_EXPIRED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
        await _world.EventuallyNoContainersAsync();
    }

    [Fact]
    public async Task A_service_with_sixty_days_to_live_lives()
    {
        var up = await _world.UpAsync(await _world.StartAsync(await _world.ServerAsync("one"), new { ttl_s = 60 * 86_400 }));

        await _world.App.RestartAsync();
        (await _world.DeployAsync("FROM busybox\nCMD echo done\n")).Succeeded();
        var still = await _world.App.GetDeploymentAsync(up.Id());
        await _world.App.PostAsync($"/v1/deployments/{up.Id()}/cancel", new { });

        Assert.Equal(("Running", JsonValueKind.String), (still.Text("status"), still.GetProperty("up_at").ValueKind));
        var ended = await _world.EndAsync(up.Id());
        Assert.Equal(("Canceled", "CANCELED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
    }

    [Fact]
    public async Task One_that_waits_to_be_started_again_is_not_called_up_and_ends_when_its_time_is_up()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", "FROM busybox\nHEALTHCHECK --interval=1s CMD true\nCMD sleep 4; exit 9\n"));
        var id = await _world.StartAsync(repository, new { restart = "on-failure", ttl_s = 20 });

        await _world.UpAsync(id);
        await _world.SeesLineAsync(id, "(2 of 10).");
        var waiting = await _world.App.GetDeploymentAsync(id);
        var ended = await _world.EndAsync(id);

        Assert.Equal((2, JsonValueKind.Null), (waiting.GetProperty("attempt").GetInt32(), waiting.GetProperty("up_at").ValueKind));
        Assert.Equal(("Canceled", "TTL_EXPIRED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
        await _world.EventuallyNoContainersAsync();
    }

    [Fact]
    public async Task One_that_ignores_SIGTERM_is_killed_after_its_grace_and_the_next_one_tries_to_keep_its_port()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\nEXPOSE 8080\n{Services.Healthcheck}CMD mkdir /www; echo 1 > /www/index.html; trap '' TERM; httpd -f -p 8080 -h /www & while true; do sleep 1; done\n"));
        var first = await _world.UpAsync(await _world.StartAsync(repository));

        await _world.App.PostAsync($"/v1/deployments/{first.Id()}/cancel", new { reason = "enough" });
        var ended = await _world.EndAsync(first.Id());
        var second = await _world.UpAsync(await _world.StartAsync(repository));

        Assert.Equal("Canceled", ended.Status);
        Assert.Equal(Services.AddressOf(first), Services.AddressOf(second));
    }
}
