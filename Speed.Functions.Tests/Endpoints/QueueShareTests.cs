using System.Globalization;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: how many deployments of one token may wait, and what the others have.</summary>
[Trait("Host", "Both")]
public sealed class QueueShareTests
{
    private static readonly object Body = new { url = "https://github.com/owner/app.git", branch = "main" };

    [Fact]
    public async Task A_token_has_half_of_the_queue_with_its_sessions_and_the_others_have_the_rest()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__MaxQueued"] = "4" });
        var token = await app.NewTokenAsync(["deploy", "read"]);
        var session = await app.SignInAsync(token);
        var first = await app.AskAsync("POST", "/start", token, Body, ("Idempotency-Key", "first"));
        Assert.Equal(201, (await app.AskAsync("POST", "/v1/deployments", null, Body, session)).Status);

        Answer[] refused =
        [
            await app.AskAsync("POST", "/start", token, Body),
            await app.AskAsync("POST", "/v1/deployments", token, Body),
            await app.AskAsync("POST", "/start", null, Body, session),
        ];
        var replayed = await app.AskAsync("POST", "/start", token, Body, ("Idempotency-Key", "first"));

        foreach (var answer in refused)
        {
            Assert.Equal(429, answer.Status);
            Assert.Contains("2 deployments of this token", answer.Text, StringComparison.Ordinal);
            Assert.Contains("(Speed__MaxQueuedPerToken)", answer.Text, StringComparison.Ordinal);
            Assert.InRange(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 60);
        }

        Assert.Equal("QUEUE_FULL", refused[1].Json.GetProperty("code").GetString());
        Assert.Equal((201, first.Text), (replayed.Status, replayed.Text));
        Assert.Equal(201, (await app.AskAsync("POST", "/start", app.AdminKey(), Body)).Status);
        Assert.Equal(201, (await app.AskAsync("POST", "/start", app.AdminKey(), Body)).Status);
        var full = await app.AskAsync("POST", "/start", app.AdminKey(), Body);
        Assert.Equal(429, full.Status);
        Assert.Contains("(Speed__MaxQueued)", full.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_has_as_many_as_the_operator_says_and_so_after_a_restart()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__MaxQueuedPerToken"] = "1" });
        var token = await app.NewTokenAsync(["deploy"]);
        Assert.Equal(201, (await app.AskAsync("POST", "/start", token, Body)).Status);

        await app.RestartAsync();

        Assert.Equal(429, (await app.AskAsync("POST", "/start", token, Body)).Status);
        Assert.Equal(200, (await app.AskAsync("POST", "/v1/deployments/1/cancel", token, new { })).Status);
        Assert.Equal(201, (await app.AskAsync("POST", "/start", token, Body)).Status);
    }

    [Fact]
    public async Task Without_keys_the_whole_queue_is_everybodys()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxQueued"] = "2" });

        await app.StartAsync("https://github.com/owner/app.git");
        await app.StartAsync("https://github.com/owner/app.git");

        Assert.Equal(429, (await Answer.ReadAsync(await app.PostAsync("/start", Body))).Status);
    }
}
