using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: `POST /v1/deployments`, its fields and its idempotency.</summary>
[Trait("Host", "Both")]
public sealed class CreateTests
{
    private const string Path = "/v1/deployments";
    private const string Body = """{"url": "https://example.com/r.git"}""";

    /// <summary>Of the contract, in its order.</summary>
    private static readonly string[] Members =
    [
        "url", "branch", "commit", "subdirectory", "name", "dockerfile", "dockerfile_text", "target", "build_args", "submodules",
        "clear_cache", "env", "command", "secrets", "network", "init", "kind", "ports", "volumes", "health", "ttl_s",
        "restart", "on_unhealthy", "hosts", "own_host", "shm_mb", "cap_add", "stop_grace_s", "timeouts", "build_resources", "resources", "labels",
        "inherit", "taken_over", "id", "status", "phase",
        "version", "attempt", "run_by",
        "worker_id", "image_id", "phases", "failure", "exit_code", "endpoints", "proxy_port", "up_at", "superseded_by", "cancel",
        "waiting", "deadline_at", "created_at", "started_at", "ended_at", "log", "can", "retry_of",
    ];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_address_alone_is_enough_and_the_whole_resource_comes_back()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.SendAsync(Path, Body);

        Assert.Equal((201, "/v1/deployments/1"), (answer.Status, answer.Headers["Location"]));
        Assert.Equal((await app.GetDeploymentAsync(1)).GetRawText(), answer.Text);
        Assert.Equal(Members.Order(), answer.Json.EnumerateObject().Select(member => member.Name).Order());
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("branch").ValueKind);
        Assert.Equal("auto", answer.Json.GetProperty("kind").GetString());
        Assert.Equal("HEAD", (await app.InfoAsync(1)).GetProperty("repo_branch").GetString());
    }

    [Theory]
    [InlineData("""{"url": "https://example.com/r.git", "brunch": "main"}""", "/brunch")]
    [InlineData("""{"url": "https://example.com/r.git", "Branch": "main"}""", "/Branch")]
    [InlineData("""{"url": "https://example.com/r.git", "a/b~c": null}""", "/a~1b~0c")]
    [InlineData("""{"url": "https://example.com/r.git", "timeouts": {"run_ms": 1}}""", "/timeouts/run_ms")]
    [InlineData("""{"url": "https://example.com/r.git", "resources": {"disk_mb": 1}}""", "/resources/disk_mb")]
    [InlineData("""{"url": "https://example.com/r.git", "build_resources": {"pids": 1}}""", "/build_resources/pids")]
    [InlineData("""{"url": "https://example.com/r.git", "branch": ""}""", "/branch")]
    [InlineData("""{"url": "https://example.com/r.git", "timeouts": 1}""", "/timeouts")]
    [InlineData("""{"url": "https://example.com/r.git", "kind": "daemon"}""", "/kind")]
    [InlineData("""{"url": "https://example.com/r.git", "kind": "job", "ports": [{"container": 80}]}""", "/ports")]
    [InlineData("""{"url": "git@example.com:owner/r.git"}""", "/url")]
    [InlineData("{}", "/url")]
    [InlineData("""{"url": "https://example.com/r.git", "health": []}""", "/health")]
    [InlineData("""{"url": "https://example.com/r.git", "health": "on"}""", "/health")]
    [InlineData("""{"url": "https://example.com/r.git", "volumes": [{"name": "a", "path": "/a"}, {"name": "b", "path": "/a"}]}""", "/volumes/1/path")]
    [InlineData("""{"url": "https://example.com/r.git", "volumes": [{"name": "a", "path": "/a"}, {"name": "a", "path": "/b"}]}""", "/volumes/1/name")]
    public async Task What_cannot_be_used_is_a_problem_that_points_at_it(string body, string at)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.SendAsync(Path, body);

        Assert.Equal((400, "application/problem+json"), (answer.Status, answer.Headers["Content-Type"]));
        Assert.Equal("INVALID_FIELDS", answer.Json.GetProperty("code").GetString());
        var error = Assert.Single(answer.Json.GetProperty("errors").EnumerateArray().ToArray());
        Assert.Equal(at, error.GetProperty("pointer").GetString());
        Assert.Equal(1, await app.StartAsync("https://example.com/r.git"));
    }

    [Fact]
    public async Task A_volume_s_path_is_stored_in_its_one_spelling_and_every_spelling_is_the_same_request()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var first = await app.SendAsync(Path, WithVolumeAt("/data/x"), idempotencyKey: "k");
        foreach (var path in new[] { "/data/x/", "//data//x", "/data/./x/." })
        {
            var same = await app.SendAsync(Path, WithVolumeAt(path), idempotencyKey: "k");

            Assert.Equal(first.Text, same.Text);
            Assert.Equal("/data/x", same.Json.GetProperty("volumes")[0].GetProperty("path").GetString());
        }

        static string WithVolumeAt(string path) =>
            $$"""{"url": "https://example.com/r.git", "volumes": [{"name": "data", "path": "{{path}}"}]}""";
    }

    [Fact]
    public async Task The_short_form_of_an_address_is_ssh()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Git__AllowedSchemes"] = "ssh" });

        var answer = await app.SendAsync(Path, """{"url": "git@example.com:owner/r.git"}""");

        Assert.Equal((201, "git@example.com:owner/r.git"), (answer.Status, answer.Json.GetProperty("url").GetString()));
    }

    [Fact]
    public async Task A_repeated_key_gets_the_first_answer_whatever_became_of_the_deployment()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var first = await app.SendAsync(Path, Body, idempotencyKey: "k");
        (await app.UpdateAsync(1, "Running")).Dispose();
        (await app.UpdateAsync(1, "Succeeded")).Dispose();

        var again = await app.SendAsync(Path, """{"kind": "auto", "url": "https://example.com/r.git"}""", idempotencyKey: "k");

        Assert.False(first.Headers.ContainsKey("Idempotency-Replayed"));
        Assert.Equal((201, "true"), (again.Status, again.Headers["Idempotency-Replayed"]));
        Assert.Equal((first.Text, first.Headers["Location"]), (again.Text, again.Headers["Location"]));
    }

    [Fact]
    public async Task A_key_is_the_same_one_for_start_and_create()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var body = """{"url": "https://example.com/r.git", "branch": "main"}""";

        var started = await app.SendAsync("/start", body, idempotencyKey: "k");
        var created = await app.SendAsync(Path, body, idempotencyKey: "k");
        var other = await app.SendAsync(Path, Body, idempotencyKey: "k");

        Assert.Equal("""{"id":1}""", started.Text);
        Assert.Equal((201, 1), (created.Status, created.Json.GetProperty("id").GetInt32()));
        Assert.Equal((422, "IDEMPOTENCY_KEY_REUSED"), (other.Status, other.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Results_are_listed_with_where_and_when_they_came_from()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var id = await app.StartAsync("https://example.com/r.git");
        await store.ClaimNextAsync("worker", Now);
        await app.SendAsync($"/add_results/{id}", """{"results": "half\nway"}""");
        (await app.UpdateAsync(id, "Succeeded")).Dispose();
        await store.CloseAsync(id, [new NewResult(ResultSource.Stdout, "done")], Now);

        var items = (await app.GetAsync($"{Path}/{id}/results")).GetProperty("items").EnumerateArray().ToArray();

        Assert.Equal(["seq", "at", "source", "value", "late"], items[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            [(1, "report", "half\nway", false), (2, "stdout", "done", true)],
            items.Select(item => (
                item.GetProperty("seq").GetInt32(), item.GetProperty("source").GetString(),
                item.GetProperty("value").GetString(), item.GetProperty("late").GetBoolean())));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", items[0].GetProperty("at").GetString()!);
    }

    [Fact]
    public async Task Results_of_what_is_not_there_are_a_problem()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await Answer.ReadAsync(await app.Client.GetAsync($"{Path}/1/results", Now));

        Assert.Equal((404, "NOT_FOUND"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }
}
