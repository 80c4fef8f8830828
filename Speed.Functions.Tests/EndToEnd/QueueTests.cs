using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: who waits is told for whom, and until when.</summary>
public sealed class QueueTests
{
    [Fact]
    public async Task Who_waits_is_told_by_whom_it_is_held_up_and_when_it_may_start()
    {
        var world = new World { Settings = new() { ["Speed__MaxRunning"] = "1" } };
        await world.InitializeAsync();
        await using var _ = world;
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD [\"true\"]\n"));
        (await world.DeployAsync(repository)).Succeeded();
        var running = await world.StartAsync(repository, new { command = new[] { "sleep", "600" } });
        await world.App.WaitForStatusAsync(running, "Running");

        var first = await world.StartAsync(repository);
        var second = await world.StartAsync(repository);

        var queue = await world.App.GetAsync("/v1/queue");
        var waiting = queue.GetProperty("waiting").EnumerateArray().ToArray();
        Assert.Equal(running, Assert.Single(queue.GetProperty("running").EnumerateArray().ToArray()).GetProperty("id").GetInt64());
        Assert.Equal([first, second], waiting.Select(item => item.GetProperty("id").GetInt64()));
        Assert.All(waiting, item => Assert.Contains(
            "slots are taken (Speed__MaxRunning)", item.GetProperty("reason").GetString()!, StringComparison.Ordinal));
        Assert.True(
            waiting[0].GetProperty("eta_at").GetDateTimeOffset() < waiting[1].GetProperty("eta_at").GetDateTimeOffset());
        (await world.App.PostAsync($"/v1/deployments/{running}/cancel", new { })).Dispose();
        (await world.EndAsync(second)).Succeeded();
    }

    [Fact]
    public async Task A_token_has_as_many_at_work_as_it_may_also_after_a_restart_and_keeps_nobody_else_waiting()
    {
        var world = new World
        {
            Settings = new()
            {
                ["Speed__Auth"] = "required",
                ["Speed__MaxRunning"] = "2",
                ["Speed__MaxRunningPerToken"] = "1",
            },
        };
        await world.InitializeAsync();
        await using var _ = world;
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD [\"true\"]\n"));
        var token = await world.App.NewTokenAsync(["deploy"]);
        UseAdminKey();

        var first = await StartAsync(new { url = repository.Url, branch = "main", command = new[] { "sleep", "600" } });
        await world.App.WaitForStatusAsync(first, "Running");
        var second = await StartAsync(new { url = repository.Url, branch = "main" });
        (await world.DeployAsync(repository)).Succeeded();
        await WaitsAsync();

        await world.App.RestartAsync();
        UseAdminKey();
        (await world.DeployAsync(repository)).Succeeded();
        await WaitsAsync();

        (await world.App.PostAsync($"/v1/deployments/{first}/cancel", new { })).Dispose();
        (await world.EndAsync(second)).Succeeded();

        void UseAdminKey() => world.App.Client.DefaultRequestHeaders.Authorization = new("Bearer", world.App.AdminKey());

        async Task<long> StartAsync(object body) =>
            (await world.App.AskAsync("POST", "/start", token, body)).Json.GetProperty("id").GetInt64();

        async Task WaitsAsync()
        {
            var waiting = (await world.App.GetDeploymentAsync(second)).GetProperty("waiting");
            Assert.Contains("Speed__MaxRunningPerToken", waiting.GetProperty("reason").GetString()!, StringComparison.Ordinal);
        }
    }
}
