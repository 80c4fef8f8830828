using System.Text.Json;
using Speed.Tests.Hooks;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: a plain create keeps what the service has that it replaces.</summary>
public sealed class InheritanceTests : IAsyncLifetime
{
    // Each start adds its line, which says what it was given, and serves all of them.
    private const string Diary =
        "FROM busybox\nEXPOSE 8080\n" + Services.Healthcheck
        + "CMD mkdir -p /data; echo \"$WORD ${A_KEY:+has the key}\" >> /data/index.html; exec httpd -f -p 8080 -h /data\n";

    private const string Host = "diary.example.org";
    private const string Secret = "nobody reads this";

    private static readonly object Everything = new
    {
        volumes = new[] { new { name = "data", path = "/data" } },
        hosts = new[] { Host },
        env = new { WORD = "hello" },
        secrets = new[] { "A_KEY" },
        restart = "on-failure",
    };

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
    public async Task A_plain_start_without_a_branch_or_by_a_push_has_the_data_the_names_and_the_secrets_of_the_service()
    {
        var (repository, first) = await UpWithEverythingAsync();

        var started = await _world.UpAsync(await _world.StartAsync(repository));
        var created = await _world.UpAsync(await CreateAsync(new { url = repository.Url }));
        await _world.App.AddHookAsync(url: repository.Url);
        var delivery = await _world.App.DeliverAsync(Payloads.GithubPush(repository.Url, after: repository.Head));
        var pushed = await _world.UpAsync(delivery.Json.GetProperty("deployment_id").GetInt64());

        Assert.Equal(
            string.Concat(Enumerable.Repeat("hello has the key\n", 4)), await ReadAsync(pushed));
        Assert.Equal((first.Id(), started.Id(), created.Id()), (From(started), From(created), From(pushed)));
        Assert.Equal(Host, pushed.GetProperty("hosts")[0].GetString());
        Assert.Equal(("on-failure", true), (pushed.Text("restart"), pushed.GetProperty("inherit").GetBoolean()));
        var log = await _world.LogAsync(started);
        Assert.Contains(
            $"Taken over from deployment {first.Id()}, the last of this service that was up: volumes (data at /data), hosts ({Host}), "
            + "env (WORD), secrets (A_KEY), restart (on-failure).",
            log,
            StringComparison.Ordinal);
        Assert.DoesNotContain("hello", log, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_given_up_is_gone_alone_and_a_fresh_one_and_another_name_have_nothing()
    {
        var (repository, _) = await UpWithEverythingAsync();

        var without = await _world.UpAsync(await CreateAsync(new { url = repository.Url, volumes = Array.Empty<object>() }));
        Assert.Equal("hello has the key\n", await ReadAsync(without));
        var worker = await _world.UpAsync(await CreateAsync(new { url = repository.Url, name = "worker" }));
        Assert.Equal(" \n", await ReadAsync(worker));
        Assert.Equal(JsonValueKind.Null, worker.GetProperty("taken_over").ValueKind);
        var fresh = await _world.UpAsync(await CreateAsync(new { url = repository.Url, inherit = false }));

        Assert.Equal(" \n", await ReadAsync(fresh));
        Assert.Equal(0, fresh.GetProperty("hosts").GetArrayLength());
        Assert.DoesNotContain("Taken over", await _world.LogAsync(fresh), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_after_a_crash_finds_the_data_and_a_start_after_a_cancel_does_not()
    {
        var (repository, first) = await UpWithEverythingAsync(new
        {
            volumes = new[] { new { name = "data", path = "/data" } },
            env = new { WORD = "hello" },
            restart = "no",
        });
        await _world.SignalAsync(first.Id(), "KILL");
        await _world.EndAsync(first.Id());

        var next = await _world.UpAsync(await _world.StartAsync(repository));
        Assert.Equal("hello \nhello \n", await ReadAsync(next));
        await _world.App.PostAsync($"/v1/deployments/{next.Id()}/cancel", new { });
        await _world.EndAsync(next.Id());

        Assert.Equal(" \n", await ReadAsync(await _world.UpAsync(await _world.StartAsync(repository))));
    }

    [Fact]
    public async Task Without_a_secret_that_is_gone_nothing_is_started_and_the_older_one_goes_on()
    {
        var (repository, first) = await UpWithEverythingAsync();
        using var deleted = await _world.App.Client.DeleteAsync("/v1/secrets/A_KEY", Now);

        var failed = await _world.EndAsync(await _world.StartAsync(repository));
        var still = await _world.App.GetDeploymentAsync(first.Id());
        var given = await _world.UpAsync(await _world.StartAsync(repository, new { secrets = Array.Empty<string>() }));

        failed.FailedWith("CONTAINER_START_FAILED", "clone");
        var message = failed.Resource.GetProperty("failure").Text("message");
        Assert.Contains($"`A_KEY` does not exist", message, StringComparison.Ordinal);
        Assert.Contains($"from deployment {first.Id()}", message, StringComparison.Ordinal);
        Assert.Equal("Running", still.Text("status"));
        Assert.Equal("hello has the key\nhello \n", await ReadAsync(given));
    }

    private async Task<(GitRepository Repository, JsonElement Up)> UpWithEverythingAsync(object? options = null)
    {
        await _world.App.PutAsync("/v1/secrets/A_KEY", new { value = Secret, use = "run" });
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Diary));
        return (repository, await _world.UpAsync(await _world.StartAsync(repository, options ?? Everything)));
    }

    private async Task<long> CreateAsync(object body)
    {
        using var answer = await _world.App.PostAsync("/v1/deployments", body);
        return (await Answer.ReadAsync(answer)).Json.Id();
    }

    private Task<string> ReadAsync(JsonElement service) => _http.GetStringAsync(Services.AddressOf(service), Now);

    private static long From(JsonElement deployment) => deployment.GetProperty("taken_over").GetProperty("from").GetInt64();
}
