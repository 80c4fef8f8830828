using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: `POST /start`, and what it makes of two fields.</summary>
[Trait("Host", "Both")]
public sealed class StartTests
{
    private const string Body = """{"url": "https://example.com/r.git", "branch": "main"}""";

    [Fact]
    public async Task Two_fields_in_an_id_out()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.SendAsync("/start", Body);

        Assert.Equal((201, """{"id":1}"""), (answer.Status, answer.Text));
        Assert.Equal("/v1/deployments/1", answer.Headers["Location"]);
        Assert.Equal(
            """{"id":1,"repo_name":"https://example.com/r.git","repo_branch":"main","status":"Pending"}""",
            (await app.InfoAsync(1)).GetRawText());
    }

    [Fact]
    public async Task A_branch_may_have_any_name_that_git_allows()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var id = await app.StartAsync("https://example.com/r.git", "feature/ünï;x");

        Assert.Equal("feature/ünï;x", (await app.InfoAsync(id)).GetProperty("repo_branch").GetString());
    }

    [Fact]
    public async Task The_branch_is_told_as_it_was_asked_for_and_all_else_goes_by_its_name()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git", "refs/heads/main");
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var claimed = await store.ClaimNextAsync("owner", TestContext.Current.CancellationToken);

        await store.RecordCommitAsync(claimed!.Claim, "main", new string('a', 40), TestContext.Current.CancellationToken);

        Assert.Equal("refs/heads/main", (await app.InfoAsync(id)).GetProperty("repo_branch").GetString());
        Assert.Equal("main", (await app.GetDeploymentAsync(id)).GetProperty("branch").GetString());
        Assert.Equal(1, (await app.GetAsync("/v1/deployments?branch=main")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Options_are_kept_as_they_were_resolved()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Timeouts__clone_s"] = "77" });

        var id = await app.StartAsync("https://example.com/r.git", options: new()
        {
            ["subdirectory"] = "./a//b/",
            ["dockerfile"] = "docker/./Dockerfile",
            ["commit"] = new string('A', 40),
            ["network"] = "none",
            ["init"] = false,
            ["timeouts"] = new { run_s = 0 },
            ["resources"] = new { pids = 7 },
            ["labels"] = new { team = "a/b ü" },
            ["kind"] = "job",
            ["unheard_of"] = 1,
        });

        var deployment = await app.GetDeploymentAsync(id);
        Assert.Equal("a/b", deployment.GetProperty("subdirectory").GetString());
        Assert.Equal("docker/Dockerfile", deployment.GetProperty("dockerfile").GetString());
        Assert.Equal(new string('a', 40), deployment.GetProperty("commit").GetString());
        Assert.Equal("none", deployment.GetProperty("network").GetString());
        Assert.False(deployment.GetProperty("init").GetBoolean());
        Assert.Equal(
            """{"queue_s":86400,"clone_s":77,"build_s":1800,"start_s":120,"run_s":0}""",
            deployment.GetProperty("timeouts").GetRawText());
        Assert.Equal(7, deployment.GetProperty("resources").GetProperty("pids").GetInt32());
        Assert.Equal(1024, deployment.GetProperty("resources").GetProperty("memory_mb").GetInt32());
        Assert.Equal("a/b ü", deployment.GetProperty("labels").GetProperty("team").GetString());
        Assert.Equal(JsonValueKind.Null, deployment.GetProperty("deadline_at").ValueKind);
        Assert.False(deployment.TryGetProperty("unheard_of", out _));
    }

    [Fact]
    public async Task The_same_key_and_options_start_one_deployment_only()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var first = await app.SendAsync("/start", Body, idempotencyKey: "a key");
        var again = await app.SendAsync("/start", Body.Replace("{", "{\"init\": null, "), idempotencyKey: "a key");
        var other = await app.SendAsync("/start", Body, idempotencyKey: "A key");

        Assert.False(first.Headers.ContainsKey("Idempotency-Replayed"));
        Assert.Equal((201, """{"id":1}""", "true"), (again.Status, again.Text, again.Headers["Idempotency-Replayed"]));
        Assert.Equal(first.Headers["Location"], again.Headers["Location"]);
        Assert.Equal("""{"id":2}""", other.Text);
    }

    [Fact]
    public async Task The_same_key_with_other_options_is_refused()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.SendAsync("/start", Body, idempotencyKey: "k");

        var answer = await app.SendAsync(
            "/start", """{"url": "https://example.com/r.git", "branch": "other"}""", idempotencyKey: "k");

        Assert.Equal(422, answer.Status);
        Assert.Contains("Idempotency-Key", answer.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData(256)]
    public async Task A_key_that_is_not_1_to_255_printable_characters_is_refused(object key)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var text = key is int length ? new string('k', length) : (string)key;

        var answer = await app.SendAsync("/start", Body, idempotencyKey: text);

        Assert.Equal(400, answer.Status);
        Assert.Contains("Idempotency-Key", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_queue_asks_to_try_again_later_but_still_replays()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxQueued"] = "1" });
        await app.SendAsync("/start", Body, idempotencyKey: "k");

        var full = await app.SendAsync("/start", Body);
        var replayed = await app.SendAsync("/start", Body, idempotencyKey: "k");

        Assert.Equal(429, full.Status);
        Assert.True(int.Parse(full.Headers["Retry-After"]) > 0);
        Assert.Contains("Speed__MaxQueued", full.Error, StringComparison.Ordinal);
        Assert.Equal(201, replayed.Status);
    }
}
