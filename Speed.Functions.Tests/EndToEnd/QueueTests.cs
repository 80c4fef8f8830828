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
            $"by deployment {running} ", item.GetProperty("reason").GetString()!, StringComparison.Ordinal));
        Assert.True(
            waiting[0].GetProperty("eta_at").GetDateTimeOffset() < waiting[1].GetProperty("eta_at").GetDateTimeOffset());
        (await world.App.PostAsync($"/v1/deployments/{running}/cancel", new { })).Dispose();
        (await world.EndAsync(second)).Succeeded();
    }
}
