using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what makes two deployments one service.</summary>
public sealed class ServiceIdentityTests : IAsyncLifetime
{
    private const string TwoServices = "If they are two services, deploy each with a `name` of its own.";

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
    public async Task Of_a_repository_whose_address_is_spelled_otherwise_the_newer_one_takes_the_place_and_the_name()
    {
        var repository = await _world.ServerAsync("one");
        var first = await _world.UpAsync(await _world.StartAsync(repository));

        var respelled = repository.Url.Replace("/app", "/%61pp", StringComparison.Ordinal) + "/";
        var second = await _world.UpAsync(await _world.App.StartAsync(respelled, "main", null));
        var ended = await _world.EndAsync(first.Id());

        Assert.Equal("SUPERSEDED", ended.Resource.GetProperty("failure").Text("code"));
        Assert.Equal(second.Id(), ended.Resource.GetProperty("superseded_by").GetInt64());
        Assert.Equal(first.Text("own_host"), second.Text("own_host"));
        Assert.Equal(Services.AddressOf(first)[..16], Services.AddressOf(second)[..16]);
        Assert.DoesNotContain(TwoServices, await _world.LogAsync(second), StringComparison.Ordinal);
        Assert.DoesNotContain(TwoServices, ended.Log, StringComparison.Ordinal);
        var list = await _world.App.GetAsync($"/v1/deployments?repo={Uri.EscapeDataString(respelled)}");
        Assert.Equal([second.Id(), first.Id()], list.GetProperty("items").EnumerateArray().Select(item => item.Id()));
    }

    [Fact]
    public async Task Two_names_of_one_repository_are_two_services_and_without_them_both_logs_say_what_took_a_place()
    {
        var repository = await _world.RepositoryAsync(r =>
        {
            Services.Server("web")(r);
            r.File("Worker.Dockerfile", "FROM busybox\nRUN mkdir /www && printf worker > /www/index.html\nEXPOSE 8080\n"
                + Services.Healthcheck + "CMD exec httpd -f -p 8080 -h /www\n");
        });
        object data = new[] { new { name = "data", path = "/data" } };
        var web = await _world.UpAsync(await _world.StartAsync(repository, new { volumes = data }));
        var worker = await _world.UpAsync(await _world.StartAsync(
            repository, new { name = "worker", dockerfile = "Worker.Dockerfile", volumes = data }));

        Assert.Equal("web", await _http.GetStringAsync(Services.AddressOf(web), Now));
        Assert.Equal("worker", await _http.GetStringAsync(Services.AddressOf(worker), Now));
        Assert.Equal("worker", worker.Text("name"));
        Assert.NotEqual(web.Text("own_host"), worker.Text("own_host"));
        Assert.Equal(2, (await DockerCli.LinesAsync(
            "volume", "ls", "--quiet", "--filter", $"label=speed.instance={_world.Instance}")).Length);

        var other = await _world.UpAsync(await _world.StartAsync(
            repository, new { dockerfile = "Worker.Dockerfile", volumes = data }));
        var ended = await _world.EndAsync(web.Id());

        Assert.Equal("SUPERSEDED", ended.Resource.GetProperty("failure").Text("code"));
        Assert.Contains($"Deployment {other.Id()}, which has another Dockerfile, took its place. {TwoServices}", ended.Log);
        Assert.Contains(
            $"It took the place of deployment {web.Id()}, which had another Dockerfile. {TwoServices}",
            await _world.LogAsync(other));
        Assert.Equal("worker", await _http.GetStringAsync(Services.AddressOf(worker), Now));
    }

    [Fact]
    public async Task An_address_that_could_be_read_in_two_ways_is_refused_and_the_sentence_names_the_way_out()
    {
        using var answer = await _world.App.PostAsync(
            "/v1/deployments", new { url = $"{_world.Git.Url}/team-a/../priv-b/vault.git", branch = "main" });

        Assert.Equal(400, (int)answer.StatusCode);
        var error = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Now)).RootElement.GetProperty("errors")[0];
        Assert.Equal("/url", error.Text("pointer"));
        Assert.Contains("give the path that it leads to", error.Text("detail"), StringComparison.Ordinal);
    }
}
