using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: who is canceled, when, and what is answered after the end.</summary>
[Trait("Host", "Both")]
public sealed class CancelTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_waiting_one_is_canceled_at_once_and_again_the_same()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");

        var first = await CancelAsync(app, id, """{"reason": "no longer wanted"}""");
        var again = await CancelAsync(app, id);

        Assert.Equal((200, 200), (first.Status, again.Status));
        Assert.Equal(first.Text, again.Text);
        Assert.Equal("Canceled", first.Json.GetProperty("status").GetString());
        var cancel = first.Json.GetProperty("cancel");
        Assert.Equal("local user", cancel.GetProperty("by").GetString());
        Assert.Equal("no longer wanted", cancel.GetProperty("reason").GetString());
        Assert.Equal(cancel.GetProperty("requested_at").GetString(), cancel.GetProperty("confirmed_at").GetString());
        Assert.Equal("CANCELED", first.Json.GetProperty("failure").GetProperty("code").GetString());
    }

    [Fact]
    public async Task One_at_work_is_asked_to_stop_and_only_Canceled_follows()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var id = await app.StartAsync("https://example.com/r.git");
        var claimed = (await store.ClaimNextAsync("worker", Now))!;

        var first = await CancelAsync(app, id);
        var again = await CancelAsync(app, id, """{"reason": "another reason"}""");
        var succeeded = await store.SettleAsync(
            claimed.Claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now);

        Assert.Equal((202, $"/v1/deployments/{id}"), (first.Status, first.Headers["Location"]));
        Assert.Equal((202, first.Text), (again.Status, again.Text));
        Assert.Equal("Running", first.Json.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, first.Json.GetProperty("cancel").GetProperty("reason").ValueKind);
        Assert.Equal(JsonValueKind.Null, first.Json.GetProperty("cancel").GetProperty("confirmed_at").ValueKind);
        Assert.False(succeeded);
    }

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public async Task One_that_ended_otherwise_is_a_conflict(string end)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        (await app.UpdateAsync(id, end)).Dispose();

        var answer = await CancelAsync(app, id);

        Assert.Equal((409, "ALREADY_FINISHED"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.Equal("application/problem+json", answer.Headers["Content-Type"]);
        Assert.Equal(end, (await app.InfoAsync(id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task One_that_is_not_there_is_not_found()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await CancelAsync(app, 1);

        Assert.Equal((404, "NOT_FOUND"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("", "application/json", 200)]
    [InlineData("", null, 200)]
    [InlineData("{}", "application/json", 200)]
    [InlineData("""{"reason": null}""", "application/json", 200)]
    [InlineData("{}", null, 415)]
    [InlineData("{}", "text/plain", 415)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("""{"reason": 1}""", "application/json", 400)]
    [InlineData("""{"reason": "a\nb"}""", "application/json", 400)]
    [InlineData("""{"reasons": "typo"}""", "application/json", 400)]
    public async Task A_body_is_optional_and_judged_if_there_is_one(string body, string? contentType, int status)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");

        var answer = await CancelAsync(app, id, body, contentType);

        Assert.Equal(status, answer.Status);
    }

    private static async Task<Answer> CancelAsync(SpeedApp app, long id)
    {
        using var answer = await app.Client.PostAsync($"/v1/deployments/{id}/cancel", null, Now);
        return await Answer.ReadAsync(answer);
    }

    private static Task<Answer> CancelAsync(
        SpeedApp app, long id, string body, string? contentType = "application/json") =>
        app.SendAsync($"/v1/deployments/{id}/cancel", body, contentType ?? "");
}
