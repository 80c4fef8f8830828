using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Security;
using Speed.Tests.Security;
using Xunit;
using static Speed.Tests.Hooks.HookSender;

namespace Speed.Tests.Hooks;

/// <summary>Drives SPEED over HTTP: what becomes of deliveries that are believed.</summary>
public sealed class DeliveryTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_starts_a_deployment_of_the_very_commit_with_the_options_of_the_hook()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync(options: new { labels = new { by = "push" }, timeouts = new { run_s = 7 } });

        var answer = await app.DeliverAsync(Payloads.GithubPush(@ref: "refs/heads/feature/a"), id: "guid-1");

        Assert.Equal(202, answer.Status);
        Assert.Equal(
            """{"delivery_id":1,"decision":"started","reason":"branch `feature/a` was pushed","deployment_id":1}""", answer.Text);
        var deployment = await app.GetDeploymentAsync(1);
        Assert.Equal((Payloads.Url, "feature/a", Payloads.After), (
            deployment.GetProperty("url").GetString(), deployment.GetProperty("branch").GetString(),
            deployment.GetProperty("commit").GetString()));
        Assert.Equal("push", deployment.GetProperty("labels").GetProperty("by").GetString());
        Assert.Equal(7, deployment.GetProperty("timeouts").GetProperty("run_s").GetInt32());
        var record = Assert.Single(await app.DeliveriesAsync());
        Assert.Equal(("push", "guid-1"), (record.GetProperty("event").GetString(), record.GetProperty("forge_id").GetString()));
    }

    [Fact]
    public async Task What_is_ignored_is_recorded_with_the_reason()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync(branches: ["main"]);

        var ping = await app.DeliverAsync(Payloads.GithubPing(), "ping");
        var branch = await app.DeliverAsync(Payloads.GithubPush(@ref: "refs/heads/dev"));
        var stranger = await app.DeliverAsync(Payloads.GithubPush("https://git.example/owner/other.git"));

        Assert.Equal(("ignored", "ping"), (ping.Decision(), ping.Reason()));
        Assert.Equal("branch `dev` is none of the hook's: `main`", branch.Reason());
        Assert.Contains("owner/other.git", stranger.Reason(), StringComparison.Ordinal);
        Assert.Contains(Payloads.Url, stranger.Reason(), StringComparison.Ordinal);
        Assert.False(ping.Json.TryGetProperty("deployment_id", out _));
        Assert.Equal(
            [stranger.Reason(), branch.Reason(), ping.Reason()],
            (await app.DeliveriesAsync()).Select(one => one.GetProperty("reason").GetString()));
        Assert.Equal(0, await app.CountDeploymentsAsync());
    }

    [Fact]
    public async Task A_repeated_delivery_is_answered_as_the_first_after_a_restart_too()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();
        var first = await app.DeliverAsync(Payloads.GithubPush(), id: "guid-1");

        var again = await app.DeliverAsync(Payloads.GithubPush(), id: "guid-1");
        await app.RestartAsync();
        var later = await app.DeliverAsync(Payloads.GithubPush(after: Payloads.Before, before: Payloads.After), id: "guid-1");

        Assert.Equal((202, first.Text, first.Text), (again.Status, again.Text, later.Text));
        Assert.Equal("true", again.Headers["Idempotency-Replayed"]);
        Assert.Equal(1, await app.CountDeploymentsAsync());
        Assert.Single(await app.DeliveriesAsync());
    }

    [Fact]
    public async Task Fifty_deliveries_of_one_id_at_once_start_one_deployment()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => app.DeliverAsync(Payloads.GithubPush(), id: "guid-1")));

        Assert.All(answers, answer => Assert.Equal((202, answers[0].Text), (answer.Status, answer.Text)));
        Assert.Equal(1, await app.CountDeploymentsAsync());
    }

    [Fact]
    public async Task Redelivering_decides_anew_as_the_hook_is_now()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync(branches: ["main"]);
        await app.DeliverAsync(Payloads.GithubPush(@ref: "refs/heads/dev"), id: "guid-1");
        await app.PutAsync("/v1/hooks/app", new { forge = "github", url = Payloads.Url, branches = new[] { "dev" } });

        var again = await app.SendAsync("/v1/hooks/app/deliveries/1/redeliver", "");
        var missing = await app.SendAsync("/v1/hooks/app/deliveries/99/redeliver", "");

        Assert.Equal((202, "started"), (again.Status, again.Decision()));
        Assert.Equal(404, missing.Status);
        var newest = (await app.DeliveriesAsync())[0];
        Assert.Equal((2, 1, 1), (
            newest.GetProperty("delivery_id").GetInt64(), newest.GetProperty("redelivery_of").GetInt64(),
            newest.GetProperty("deployment_id").GetInt64()));
        Assert.Equal(JsonValueKind.Null, newest.GetProperty("forge_id").ValueKind);
    }

    [Fact]
    public async Task A_form_with_the_payload_in_it_is_as_good()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();
        var form = "payload=" + WebUtility.UrlEncode(Payloads.GithubPush(message: "50 % + more & \"ü\"").ToJsonString());
        const string Text = "{}";

        var answer = await app.DeliverRawAsync(
            form, ("Content-Type", "application/x-www-form-urlencoded"), ("X-GitHub-Event", "push"),
            ("X-Hub-Signature-256", "sha256=" + Sign(form)));
        var other = await app.DeliverRawAsync(
            Text, ("Content-Type", "text/plain"), ("X-Hub-Signature-256", "sha256=" + Sign(Text)));
        var redelivered = await app.SendAsync("/v1/hooks/app/deliveries/1/redeliver", "");

        Assert.Equal(("started", "started"), (answer.Decision(), redelivered.Decision()));
        Assert.Equal(415, other.Status);
        Assert.Contains("application/json", other.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_of_many_branches_starts_each_and_repeated_none()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync("bitbucket", branches: ["a", "b"]);
        var body = Payloads.BitbucketPush(("x", "x"), ("a", "a"), ("b", null)).ToJsonString();

        var first = await DeliverAsync();
        var again = await DeliverAsync();

        Assert.Equal(("started", "branch `a` was pushed"), (first.Decision(), first.Reason()));
        Assert.Equal(first.Text, again.Text);
        Assert.Equal(
            ["guid", "guid/2"], (await app.DeliveriesAsync()).Select(one => one.GetProperty("forge_id").GetString()));
        Assert.Equal(2, await app.CountDeploymentsAsync());

        Task<Answer> DeliverAsync() => app.DeliverRawAsync(
            body, ("X-Event-Key", "repo:push"), ("X-Request-UUID", "guid"), ("X-Hub-Signature", "sha256=" + Sign(body)));
    }

    [Fact]
    public async Task With_no_room_in_the_queue_nothing_is_recorded_and_the_forge_may_come_again()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxQueued"] = "1" });
        await app.AddHookAsync();
        await app.DeliverAsync(Payloads.GithubPush(), id: "guid-1");

        var refused = await app.DeliverAsync(Payloads.GithubPush(), id: "guid-2");
        var known = await app.DeliverAsync(Payloads.GithubPush(), id: "guid-1");
        using var canceled = await app.PostAsync("/v1/deployments/1/cancel", new { });
        var again = await app.DeliverAsync(Payloads.GithubPush(), id: "guid-2");

        Assert.Equal(429, refused.Status);
        Assert.True(refused.Headers.ContainsKey("Retry-After"));
        Assert.Equal((202, 202), (known.Status, again.Status));
        Assert.Equal(2, (await app.DeliveriesAsync()).Length);
    }

    [Fact]
    public async Task Each_hook_has_its_own_starts_a_minute_and_stands_in_the_audit_under_its_name()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__StartsPerMinute"] = "1" });
        var hook = new { name = "app", forge = "github", url = Payloads.Url, branches = new[] { "*" }, secret = Secret };
        await app.AskAsync("POST", "/v1/hooks", app.AdminKey(), hook);

        var started = await app.DeliverAsync(Payloads.GithubPush());
        var refused = await app.DeliverAsync(Payloads.GithubPush());
        var wrong = await app.DeliverRawAsync("{}", ("X-Hub-Signature-256", Sign("x")));
        await app.StartWithAsync(app.AdminKey(), Payloads.Url);

        Assert.Equal((202, 429, 401), (started.Status, refused.Status, wrong.Status));
        var audit = await app.Services.GetRequiredService<IAccessStore>().ReadAuditAsync(10, Now);
        Assert.Equal(
            [("hook:app", "Deliver", null, 429), ("hook:app", "Deliver", 1, 202)],
            audit.Where(one => one.Action == "Deliver").Select(one => (one.Caller, one.Action, one.DeploymentId, one.Outcome)));
    }

    [Fact]
    public async Task What_the_hook_asks_for_and_cannot_have_any_more_is_the_reason()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.PutAsync("/v1/secrets/A_KEY", new { value = "a value", use = "run" });
        await app.AddHookAsync(options: new { secrets = new[] { "A_KEY" } });
        await app.DeleteAsync("/v1/secrets/A_KEY");

        var answer = await app.DeliverAsync(Payloads.GithubPush());

        Assert.Equal("ignored", answer.Decision());
        Assert.Contains("but Secret `A_KEY` does not exist", answer.Reason(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_branch_ends_what_this_hook_started_of_it_and_nothing_else()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();
        await app.DeliverAsync(Payloads.GithubPush(@ref: "refs/heads/a"));
        await app.DeliverAsync(Payloads.GithubPush(@ref: "refs/heads/b"));
        var mine = await app.StartAsync(Payloads.Url, "a");

        var deleted = await app.DeliverAsync(Payloads.GithubPush(@ref: "refs/heads/a", after: Payloads.Zeros), id: "guid");
        var again = await app.DeliverAsync(Payloads.GithubDelete("a"), "delete");

        Assert.Equal(("canceled", "branch deleted; deployment 1 is being canceled"), (deleted.Decision(), deleted.Reason()));
        Assert.Equal(
            ("ignored", "branch deleted; nothing that the hook started of `a` was left"), (again.Decision(), again.Reason()));
        Assert.Equal(
            ["ignored", "canceled", "started", "started"],
            (await app.DeliveriesAsync()).Select(one => one.GetProperty("decision").GetString()));
        var ended = await app.GetDeploymentAsync(1);
        Assert.Equal("Canceled", ended.GetProperty("status").GetString());
        Assert.Equal(("hook app", "branch deleted"), (
            ended.GetProperty("cancel").GetProperty("by").GetString(), ended.GetProperty("cancel").GetProperty("reason").GetString()));
        Assert.Equal("Pending", (await app.GetDeploymentAsync(2)).GetProperty("status").GetString());
        Assert.Equal("Pending", (await app.GetDeploymentAsync(mine)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_closed_pull_request_leaves_what_pushes_of_its_branch_started()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync(branches: ["develop"]);
        await app.DeliverAsync(Payloads.GithubPush(@ref: "refs/heads/develop"));

        var closed = await app.DeliverAsync(Payloads.GithubPullRequest("develop"), "pull_request");
        var redelivered = await app.SendAsync("/v1/hooks/app/deliveries/2/redeliver", "");

        Assert.Equal(
            ("ignored", "pull request closed; nothing was started for it, and what pushes of `develop` started stays until the "
                + "branch is deleted"),
            (closed.Decision(), closed.Reason()));
        Assert.Equal(closed.Reason(), redelivered.Reason());
        Assert.Equal("Pending", (await app.GetDeploymentAsync(1)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Two_hundred_deliveries_are_kept_and_the_newest_bodies_of_them()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();
        var large = Payloads.GithubPush(@ref: "refs/tags/v1", message: new string('x', 450 * 1024));
        for (var i = 0; i < 30; i++)
        {
            await app.DeliverAsync(large, id: $"large-{i}");
        }

        var old = await app.SendAsync("/v1/hooks/app/deliveries/1/redeliver", "");
        var young = await app.SendAsync("/v1/hooks/app/deliveries/30/redeliver", "");
        for (var i = 0; i < 180; i++)
        {
            await app.DeliverAsync(Payloads.GithubPing(), "ping");
        }

        var kept = await app.DeliveriesAsync();
        Assert.Equal((409, "BODY_NOT_KEPT"), (old.Status, old.Json.GetProperty("code").GetString()));
        Assert.Equal(202, young.Status);
        Assert.Equal((200, 211, 12), (
            kept.Length, kept[0].GetProperty("delivery_id").GetInt64(), kept[^1].GetProperty("delivery_id").GetInt64()));
    }
}
