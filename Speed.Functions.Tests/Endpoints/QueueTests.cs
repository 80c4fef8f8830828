using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: who runs, who waits, and why.</summary>
[Trait("Host", "Both")]
public sealed class QueueTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_shows_who_runs_and_who_waits_in_order_and_why()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Url);
        await app.StartAsync(Url, "dev");
        await app.StartAsync(Url);
        await app.Services.GetRequiredService<IDeploymentStore>().ClaimNextAsync("worker", Now);

        var queue = await app.GetAsync("/v1/queue");

        var running = Assert.Single(queue.GetProperty("running").EnumerateArray().ToArray());
        Assert.Equal(
            (1, Url, "main", "clone"),
            (running.GetProperty("id").GetInt32(), running.GetProperty("url").GetString(),
                running.GetProperty("branch").GetString(), running.GetProperty("phase").GetString()));
        var waiting = queue.GetProperty("waiting").EnumerateArray().ToArray();
        Assert.Equal(
            [(2, 1, "dev"), (3, 2, "main")],
            waiting.Select(item => (
                item.GetProperty("id").GetInt32(), item.GetProperty("position").GetInt32(),
                item.GetProperty("branch").GetString())));
        foreach (var item in waiting)
        {
            var own = (await app.GetDeploymentAsync(item.GetProperty("id").GetInt64())).GetProperty("waiting");
            Assert.Equal(own.GetProperty("reason").GetString(), item.GetProperty("reason").GetString());
            Assert.Equal(own.GetProperty("position").GetInt32(), item.GetProperty("position").GetInt32());
            Assert.Equal(JsonValueKind.Null, item.GetProperty("eta_at").ValueKind);
        }
    }

    [Fact]
    public async Task Somebody_elses_are_counted_but_not_shown()
    {
        await using var app = await Keys.OpenAsync();
        await app.StartWithAsync(app.AdminKey(), "https://github.com/other/app.git");
        await app.StartWithAsync(app.AdminKey(), Url);
        var token = await app.NewTokenAsync(["read"], ["github.com/owner/*"]);

        var queue = (await app.AskAsync("GET", "/v1/queue", token)).Json;

        var item = Assert.Single(queue.GetProperty("waiting").EnumerateArray().ToArray());
        Assert.Equal((2, 2), (item.GetProperty("id").GetInt32(), item.GetProperty("position").GetInt32()));
    }
}
