using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: servers that take each other's place.</summary>
public sealed class ServiceSwapTests : IAsyncLifetime
{
    private readonly World _world = new();
    private readonly HttpClient _http = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_newer_one_takes_over_once_it_is_up_and_one_that_does_not_come_up_leaves_the_older_running()
    {
        var repository = await _world.ServerAsync("one");
        var first = await _world.UpAsync(await _world.StartAsync(repository));

        await repository.ChangeAsync(r => r.File("Dockerfile", "FROM busybox\nEXPOSE 8080\nCMD echo broken; exit 3\n"));
        var broken = await _world.EndAsync(await _world.StartAsync(repository));
        Assert.Equal("one", await _http.GetStringAsync(Services.AddressOf(first), Now));
        await repository.ChangeAsync(Services.Server("two"));
        var second = await _world.UpAsync(await _world.StartAsync(repository));
        var ended = await _world.EndAsync(first.Id());

        broken.FailedWith("EXIT_NONZERO", "run");
        Assert.Contains("broken", broken.Results);
        Assert.Equal("two", await _http.GetStringAsync(Services.AddressOf(second), Now));
        Assert.Equal(("Canceled", "SUPERSEDED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
        Assert.Equal(second.Id(), ended.Resource.GetProperty("superseded_by").GetInt64());
        await _world.EventuallyNoContainersAsync(first.Id());
        Assert.Single(await _world.ContainersAsync());
    }

    [Fact]
    public async Task A_leader_s_word_of_an_end_comes_too_late_once_a_newer_one_is_up_and_a_result_does_not()
    {
        // Ignores SIGTERM: there are ten seconds in which it is being superseded.
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", "FROM busybox\nHEALTHCHECK --interval=1s CMD true\nCMD trap '' TERM; while true; do sleep 1; done\n"));
        var first = await _world.UpAsync(await _world.StartAsync(repository));
        await _world.UpAsync(await _world.StartAsync(repository));

        using var word = await _world.App.UpdateAsync(first.Id(), "Succeeded");
        using var result = await _world.App.UpdateAsync(first.Id(), "all done");
        var ended = await _world.EndAsync(first.Id());

        Assert.Equal(HttpStatusCode.Conflict, word.StatusCode);
        Assert.Equal("Deployment is being superseded", (await word.Content.ReadFromJsonAsync<JsonElement>(Now)).Text("error"));
        Assert.Equal(HttpStatusCode.OK, result.StatusCode);
        Assert.Equal(("Canceled", "SUPERSEDED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
        Assert.Contains("all done", ended.Results);
    }

    [Fact]
    public async Task On_a_fixed_port_the_older_one_is_stopped_first_and_started_again_if_the_newer_one_fails()
    {
        var port = FreePort.Find();
        object options = new { ports = new[] { new { container = 8080, host = port } }, timeouts = new { start_s = 20 } };
        var repository = await _world.ServerAsync("one");
        var first = await _world.UpAsync(await _world.StartAsync(repository, new { ports = new[] { new { container = 8080, host = port } } }));

        await repository.ChangeAsync(r => r.File("Dockerfile", "FROM busybox\nCMD sleep 1000\n"));
        var broken = await _world.EndAsync(await _world.StartAsync(repository, options));
        var again = await _world.UpAsync(first.Id());
        Assert.Equal("one", await _http.GetStringAsync($"http://127.0.0.1:{port}", Now));
        await repository.ChangeAsync(Services.Server("two"));
        var second = await _world.UpAsync(await _world.StartAsync(repository, new { ports = new[] { new { container = 8080, host = port } } }));

        broken.FailedWith("UNHEALTHY", "run");
        Assert.Contains("takes connections on port 8080", broken.Resource.GetProperty("failure").Text("message"));
        Assert.Equal(2, again.GetProperty("attempt").GetInt32());
        Assert.Equal("two", await _http.GetStringAsync($"http://127.0.0.1:{port}", Now));
        Assert.Equal("Canceled", (await _world.EndAsync(first.Id())).Status);
        Assert.Equal($"http://127.0.0.1:{port}", Services.AddressOf(second));
    }

    [Fact]
    public async Task One_that_a_newer_one_has_overtaken_is_superseded_and_not_refused_its_port()
    {
        var options = new { ports = new[] { new { container = 8080, host = FreePort.Find() } } };
        var repository = await _world.ServerAsync("one");
        var hold = new TaskCompletionSource();
        _world.Git.Held = hold.Task;
        var older = await _world.StartAsync(repository, options);
        await _world.Git.Hanging.WaitAsync(Now);
        _world.Git.Held = Task.CompletedTask;
        var newer = await _world.UpAsync(await _world.StartAsync(repository, options));

        hold.SetResult();
        var ended = await _world.EndAsync(older);

        Assert.Equal(("Canceled", "SUPERSEDED"), (ended.Status, ended.Resource.GetProperty("failure").Text("code")));
        Assert.Equal(newer.Id(), ended.Resource.GetProperty("superseded_by").GetInt64());
        Assert.DoesNotContain("Starting the container.", ended.Log, StringComparison.Ordinal);
        Assert.Equal("one", await _http.GetStringAsync(Services.AddressOf(newer), Now));
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_volume_keeps_its_data_across_a_swap_and_is_never_removed()
    {
        object options = new { volumes = new[] { new { name = "data", path = "/www" } } };
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\nEXPOSE 8080\n{Services.Healthcheck}CMD echo x >> /www/index.html; exec httpd -f -p 8080 -h /www\n"));
        var first = await _world.UpAsync(await _world.StartAsync(repository, options));
        var second = await _world.UpAsync(await _world.StartAsync(repository, options));
        await _world.EndAsync(first.Id());

        Assert.Equal("x\nx\n", await _http.GetStringAsync(Services.AddressOf(second), Now));
        await _world.App.PostAsync($"/v1/deployments/{second.Id()}/cancel", new { });
        await _world.EndAsync(second.Id());
        Assert.Single(await DockerCli.LinesAsync("volume", "ls", "--quiet", "--filter", $"label=speed.instance={_world.Instance}"));
    }

    [Fact]
    public async Task A_retry_of_an_older_one_rolls_back_to_its_image_without_the_repository()
    {
        var repository = await _world.ServerAsync("one");
        var first = await _world.UpAsync(await _world.StartAsync(repository));
        await repository.ChangeAsync(Services.Server("two"));
        var second = await _world.UpAsync(await _world.StartAsync(repository));
        await _world.EndAsync(first.Id());
        Directory.Delete(repository.Folder, recursive: true);

        using var answer = await _world.App.PostAsync($"/v1/deployments/{first.Id()}/retry", new { });
        var back = await _world.UpAsync((await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).Id());

        Assert.Equal("one", await _http.GetStringAsync(Services.AddressOf(back), Now));
        Assert.Equal(first.Text("image_id"), back.Text("image_id"));
        Assert.Equal("SUPERSEDED", (await _world.EndAsync(second.Id())).Resource.GetProperty("failure").Text("code"));
        Assert.Contains("Neither cloned nor built", await _world.LogAsync(back));
    }
}
