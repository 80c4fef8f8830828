using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: one deployment as a resource.</summary>
[Trait("Host", "Both")]
public sealed class DeploymentTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_waiting_deployment_says_where_it_stands_and_what_can_be_done()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync("https://example.com/r.git");
        var id = await app.StartAsync("https://example.com/r.git");

        var deployment = await app.GetDeploymentAsync(id);

        var waiting = deployment.GetProperty("waiting");
        Assert.Equal(2, waiting.GetProperty("position").GetInt32());
        Assert.Contains("Speed__MaxRunning", waiting.GetProperty("reason").GetString()!, StringComparison.Ordinal);
        Assert.Equal("""{"cancel":true,"retry":false}""", deployment.GetProperty("can").GetRawText());
        Assert.Equal(
            """{"lines":0,"bytes":0,"complete":false,"sha256":null}""", deployment.GetProperty("log").GetRawText());
        Assert.Equal("speed", deployment.GetProperty("run_by").GetString());
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", deployment.GetProperty("created_at").GetString()!);
        Assert.True(deployment.GetProperty("worker_id").TryGetGuid(out _));
    }

    [Fact]
    public async Task A_declared_failure_says_whose_word_it_was()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");

        await app.UpdateAsync(id, "Failed");

        var deployment = await app.GetDeploymentAsync(id);
        Assert.Equal("DECLARED_BY_LEADER", deployment.GetProperty("failure").GetProperty("code").GetString());
        Assert.Equal("user", deployment.GetProperty("failure").GetProperty("fault").GetString());
        Assert.Equal(JsonValueKind.Null, deployment.GetProperty("waiting").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, deployment.GetProperty("ended_at").ValueKind);
    }

    [Fact]
    public async Task A_failure_says_what_where_and_the_way_out()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var claimed = (await store.ClaimNextAsync("worker", Now))!;
        var failure = new Failure(FailureCode.BuildFailed, DeploymentPhase.Build, 2, "It failed.", "Mend it.", 7);
        await store.SettleAsync(claimed.Claim, new Settlement(DeploymentStatus.Failed, failure, null, []), Now);

        Assert.Equal(
            """
            {"code":"BUILD_FAILED","fault":"user","phase":"build","exit_code":2,"message":"It failed.","hint":"Mend it.","log_line":7}
            """,
            (await app.GetDeploymentAsync(id)).GetProperty("failure").GetRawText());
    }

    [Fact]
    public async Task Who_has_this_version_already_is_told_so_without_a_body()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var tag = await TagAsync(app, id);

        var same = await GetAsync(app, id, tag.ToString());
        var oneOfTwo = await GetAsync(app, id, $"\"x\", {tag}");
        var any = await GetAsync(app, id, "*");
        await app.UpdateAsync(id, "Running");
        var changed = await GetAsync(app, id, tag.ToString());

        Assert.True(tag.IsWeak);
        Assert.All([same, oneOfTwo, any], answer => Assert.Equal((304, ""), (answer.Status, answer.Text)));
        Assert.Equal(tag.ToString(), same.Headers["ETag"]);
        Assert.Equal(200, changed.Status);
        Assert.NotEqual(tag.ToString(), changed.Headers["ETag"]);
    }

    [Fact]
    public async Task Waiting_answers_at_once_when_there_is_something_newer()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");

        var deployment = await app.GetAsync($"/v1/deployments/{id}?wait=60&since=0");

        Assert.Equal("Pending", deployment.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Waiting_answers_when_something_changes()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var version = (await app.GetDeploymentAsync(id)).GetProperty("version").GetInt64();

        var waiting = app.GetAsync($"/v1/deployments/{id}?wait=60&since={version}");
        await app.UpdateAsync(id, "Running");

        Assert.Equal("Running", (await waiting).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Waiting_in_vain_answers_unchanged_at_the_end()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var version = (await app.GetDeploymentAsync(id)).GetProperty("version").GetInt64();

        var deployment = await app.GetAsync($"/v1/deployments/{id}?wait=1&since={version}");

        Assert.Equal(version, deployment.GetProperty("version").GetInt64());
    }

    [Fact]
    public async Task Waiting_ends_with_an_answer_when_SPEED_stops()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        using var client = new HttpClient { BaseAddress = app.Client.BaseAddress };
        var waiting = client.GetAsync($"/v1/deployments/{id}?wait=60&since=1", Now);
        await app.GetDeploymentAsync(id);

        await app.RestartAsync();

        Assert.Equal(HttpStatusCode.OK, (await waiting).StatusCode);
    }

    [Theory]
    [InlineData("wait=-1")]
    [InlineData("wait=soon")]
    [InlineData("wait=1&wait=2")]
    [InlineData("since=1.5")]
    [InlineData("since=99999999999999999999")]
    public async Task A_query_that_cannot_be_used_is_a_problem(string query)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync("https://example.com/r.git");

        var answer = await Answer.ReadAsync(await app.Client.GetAsync($"/v1/deployments/1?{query}", Now));

        Assert.Equal(400, answer.Status);
        Assert.Equal("application/problem+json", answer.Headers["Content-Type"]);
        Assert.Equal("INVALID_QUERY", answer.Json.GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_is_not_there_is_a_problem()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await Answer.ReadAsync(await app.Client.GetAsync("/v1/deployments/1?wait=60&since=5", Now));

        Assert.Equal((404, "NOT_FOUND"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.Equal("Deployment not found", answer.Json.GetProperty("detail").GetString());
    }

    private static async Task<EntityTagHeaderValue> TagAsync(SpeedApp app, long id)
    {
        using var answer = await app.Client.GetAsync($"/v1/deployments/{id}", Now);
        return answer.Headers.ETag!;
    }

    private static async Task<Answer> GetAsync(SpeedApp app, long id, string ifNoneMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/deployments/{id}");
        request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        using var answer = await app.Client.SendAsync(request, Now);
        return await Answer.ReadAsync(answer);
    }
}
