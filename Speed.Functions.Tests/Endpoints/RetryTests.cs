using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: an ended deployment of a known commit, once more.</summary>
public sealed class RetryTests
{
    private const string Url = "https://example.com/r.git";

    private static readonly string Commit = new('c', 40);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_commit_and_options_are_deployed_again()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.SendAsync(
            "/v1/deployments",
            """{"url": "https://example.com/r.git", "env": {"A": "1"}, "labels": {"b": "2"}, "timeouts": {"run_s": 7}}""");
        var before = await EndAsync(app, 1);

        var answer = await RetryAsync(app, 1);

        Assert.Equal((201, "/v1/deployments/2"), (answer.Status, answer.Headers["Location"]));
        Assert.False(answer.Headers.ContainsKey("Idempotency-Replayed"));
        Assert.Equal((await app.GetDeploymentAsync(2)).GetRawText(), answer.Text);
        Assert.Equal(1, answer.Json.GetProperty("retry_of").GetInt64());
        Assert.Equal(
            (Commit, "trunk", "Pending"),
            (answer.Json.GetProperty("commit").GetString(), answer.Json.GetProperty("branch").GetString(),
                answer.Json.GetProperty("status").GetString()));
        foreach (var option in new[] { "url", "env", "labels", "timeouts", "resources", "network" })
        {
            Assert.Equal(before.GetProperty(option).GetRawText(), answer.Json.GetProperty(option).GetRawText());
        }

        Assert.Equal(JsonValueKind.Null, before.GetProperty("retry_of").ValueKind);
    }

    [Fact]
    public async Task Until_the_retry_has_ended_a_second_one_is_the_first()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await EndAsync(app, await app.StartAsync(Url));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RetryAsync(app, 1)));
        (await app.UpdateAsync(2, "Running")).Dispose();
        var running = await RetryAsync(app, 1);
        (await app.UpdateAsync(2, "Failed")).Dispose();
        var next = await RetryAsync(app, 1);

        Assert.All(answers, answer => Assert.Equal((201, IdOf(running)), (answer.Status, IdOf(answer))));
        Assert.Equal(7, answers.Count(answer => answer.Headers.ContainsKey("Idempotency-Replayed")));
        Assert.Equal((201, "true"), (running.Status, running.Headers["Idempotency-Replayed"]));
        Assert.Equal((201, 3), (next.Status, IdOf(next)));
        Assert.False(next.Headers.ContainsKey("Idempotency-Replayed"));
    }

    [Fact]
    public async Task A_retry_can_be_retried_too()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await EndAsync(app, await app.StartAsync(Url));
        await RetryAsync(app, 1);
        await EndAsync(app, 2);

        var answer = await RetryAsync(app, 2);

        Assert.Equal(2, answer.Json.GetProperty("retry_of").GetInt64());
        Assert.Equal(Commit, answer.Json.GetProperty("commit").GetString());
    }

    [Theory]
    [InlineData("Pending")]
    [InlineData("Running")]
    [InlineData("Succeeded")]
    [InlineData("Canceled")]
    public async Task One_that_has_not_ended_or_has_no_commit_is_a_conflict(string status)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync(Url, options: new() { ["commit"] = Commit });
        (await app.UpdateAsync(id, status)).Dispose();

        var answer = await RetryAsync(app, id);

        Assert.Equal((409, "NOT_RETRYABLE"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.Equal("application/problem+json", answer.Headers["Content-Type"]);
        Assert.False((await app.GetDeploymentAsync(id)).GetProperty("can").GetProperty("retry").GetBoolean());
    }

    [Fact]
    public async Task It_can_be_retried_exactly_when_the_resource_says_so()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync(Url);
        var waiting = await app.GetDeploymentAsync(id);

        var ended = await EndAsync(app, id);

        Assert.Equal("""{"cancel":true,"retry":false}""", waiting.GetProperty("can").GetRawText());
        Assert.Equal("""{"cancel":false,"retry":true}""", ended.GetProperty("can").GetRawText());
    }

    [Fact]
    public async Task A_commit_that_stood_on_no_branch_is_retried_without_one()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.SendAsync("/v1/deployments", """{"url": "https://example.com/r.git"}""");
        await EndAsync(app, 1, branch: "HEAD");

        var answer = await RetryAsync(app, 1);

        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("branch").ValueKind);
        Assert.Equal(Commit, answer.Json.GetProperty("commit").GetString());
    }

    [Fact]
    public async Task A_full_queue_refuses_a_new_retry_and_still_gives_the_one_under_way()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxQueued"] = "1" });
        await EndAsync(app, await app.StartAsync(Url));
        await EndAsync(app, await app.StartAsync(Url));
        await RetryAsync(app, 1);

        var full = await RetryAsync(app, 2);
        var replayed = await RetryAsync(app, 1);

        Assert.Equal((429, "QUEUE_FULL"), (full.Status, full.Json.GetProperty("code").GetString()));
        Assert.Equal((201, 3), (replayed.Status, IdOf(replayed)));
    }

    [Fact]
    public async Task A_retry_counts_as_a_start()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__StartsPerMinute"] = "1" });
        var id = await app.StartWithAsync(app.AdminKey(), Url);
        await EndAsync(app, id, key: app.AdminKey());

        var answer = await app.AskAsync("POST", $"/v1/deployments/{id}/retry", app.AdminKey());

        Assert.Equal((429, "TOO_MANY_STARTS"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_secret_that_is_gone_is_a_conflict_not_a_wrong_field()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.PutAsync("/v1/secrets/A_KEY", new { value = "a secret value", use = "run" });
        await EndAsync(app, await app.StartAsync(Url, options: new() { ["secrets"] = new[] { "A_KEY" } }));
        await app.DeleteAsync("/v1/secrets/A_KEY");

        var answer = await RetryAsync(app, 1);

        Assert.Equal((409, "NOT_RETRYABLE"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.Contains("A_KEY", answer.Json.GetProperty("detail").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"commit": "x"}""", 400)]
    [InlineData("[]", 400)]
    [InlineData("{}", 201)]
    [InlineData("", 201)]
    public async Task There_is_nothing_to_say_in_a_retry(string body, int status)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await EndAsync(app, await app.StartAsync(Url));

        Assert.Equal(status, (await RetryAsync(app, 1, body)).Status);
    }

    [Fact]
    public async Task Somebody_elses_cannot_be_retried()
    {
        await using var app = await Keys.OpenAsync();
        await EndAsync(app, await app.StartWithAsync(app.AdminKey(), Url), key: app.AdminKey());
        var token = await app.NewTokenAsync(["deploy"], ["github.com/owner/*"]);

        var hidden = await app.AskAsync("POST", "/v1/deployments/1/retry", token);
        var missing = await app.AskAsync("POST", "/v1/deployments/9/retry", token);

        Assert.Equal((404, missing.Text), (hidden.Status, hidden.Text));
        Assert.Equal(201, (await app.AskAsync("POST", "/v1/deployments/1/retry", app.AdminKey())).Status);
    }

    private static Task<Answer> RetryAsync(SpeedApp app, long id, string body = "") =>
        app.SendAsync($"/v1/deployments/{id}/retry", body);

    private static long IdOf(Answer answer) => answer.Json.GetProperty("id").GetInt64();

    // As a worker would: claims the oldest, resolves its commit, fails.
    private static async Task<JsonElement> EndAsync(SpeedApp app, long id, string branch = "trunk", string? key = null)
    {
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var claimed = (await store.ClaimNextAsync("worker", Now))!;
        Assert.Equal(id, claimed.Id);
        await store.RecordCommitAsync(claimed.Claim, branch, Commit, Now);
        var failure = new Failure(FailureCode.BuildFailed, DeploymentPhase.Build, 1, "It failed.", "Mend it.", 5);
        await store.SettleAsync(claimed.Claim, new Settlement(DeploymentStatus.Failed, failure, null, []), Now);
        return (await app.AskAsync("GET", $"/v1/deployments/{id}", key)).Json;
    }
}
