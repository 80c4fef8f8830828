using System.Text.Json;
using Speed.Tests.Notifications;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what is told of services at night.</summary>
public sealed class ServiceEventTests : IAsyncLifetime
{
    private const string Dockerfile =
        "FROM busybox\nHEALTHCHECK --interval=1s --retries=2 CMD test -e /well || { echo no database; exit 1; }\n"
        + "CMD touch /well; exec sleep 1000\n";

    private readonly World _world = new() { Settings = { ["Speed__Notify__AllowedHosts"] = "127.0.0.1" } };
    private Receiver _receiver = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _receiver = await Receiver.StartAsync();
        await _world.InitializeAsync();
        string[] events = ["service.unhealthy", "service.healthy", "service.restarting", "service.down"];
        (await _world.App.PostAsync("/v1/notifications", new { name = "ops", url = _receiver.Url, events })).Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_service_that_turns_unhealthy_is_told_once_though_SPEED_is_started_anew_and_so_is_its_recovery()
    {
        var up = await UpAsync();
        var container = (await _world.ContainersOfAsync(up.Id())).Single();

        await DockerCli.RunAsync("exec", container, "rm", "/well");
        var ill = await _receiver.NextAsync();
        await _world.App.UntilDeliveredAsync("ops");
        await _world.App.RestartAsync();
        await DockerCli.RunAsync("exec", container, "touch", "/well");
        var well = await _receiver.NextAsync();
        await _world.SeesLineAsync(up.Id(), "Healthy again.");

        Assert.Equal(["service.unhealthy", "service.healthy"], _receiver.All.Select(one => one.Type));
        Assert.Equal((up.Id(), up.Id()), (ill.DeploymentId, well.DeploymentId));
        Assert.Equal(
            "Its health check ended with 1: no database", ill.Json.GetProperty("data").GetProperty("unhealthy").GetString());
        var lines = (await _world.LogAsync(up)).Split('\n');
        Assert.Single(lines, line => line.StartsWith("No longer healthy", StringComparison.Ordinal));
        Assert.Single(lines, line => line == "Healthy again.");
    }

    [Fact]
    public async Task One_that_is_killed_is_told_to_restart_once_though_SPEED_is_away_in_the_pause()
    {
        var up = await UpAsync(new { restart = "on-failure" });

        await _world.SignalAsync(up.Id(), "KILL");
        var first = await _receiver.NextAsync();
        await _world.App.UntilDeliveredAsync("ops");
        await _world.App.RestartAsync();
        await _world.WaitForAttemptAsync(up.Id(), 2);
        await _world.UpAsync(up.Id());
        await _world.SignalAsync(up.Id(), "KILL");
        var second = await _receiver.NextAsync();

        Assert.Equal(["service.restarting", "service.restarting"], _receiver.All.Select(one => one.Type));
        Assert.Equal("""{"reason":"exit","exit_code":137,"try":1,"pause_s":1}""", RestartOf(first));
        Assert.Equal("""{"reason":"exit","exit_code":137,"try":2,"pause_s":2}""", RestartOf(second));
        await CancelAsync(up);
    }

    [Fact]
    public async Task One_that_is_not_started_again_is_down_and_one_that_was_canceled_or_replaced_is_not()
    {
        var canceled = await UpAsync();
        await CancelAsync(canceled);
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Dockerfile));
        var replaced = await _world.UpAsync(await _world.StartAsync(repository));
        var up = await _world.UpAsync(await _world.StartAsync(repository, new { restart = "no" }));
        await _world.EndAsync(replaced.Id());

        await _world.SignalAsync(up.Id(), "KILL");
        var down = await _receiver.NextAsync();

        Assert.Equal("service.down", Assert.Single(_receiver.All).Type);
        var data = down.Json.GetProperty("data");
        Assert.Equal((up.Id(), "Failed", 137), (down.DeploymentId, data.Text("status"), data.GetProperty("exit_code").GetInt32()));
        Assert.Equal("EXIT_NONZERO", data.GetProperty("failure").Text("code"));
    }

    private static string RestartOf(Received message) =>
        message.Json.GetProperty("data").GetProperty("restart").GetRawText();

    private async Task<JsonElement> UpAsync(object? options = null)
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Dockerfile));
        return await _world.UpAsync(await _world.StartAsync(repository, options));
    }

    private async Task CancelAsync(JsonElement up)
    {
        (await _world.App.PostAsync($"/v1/deployments/{up.Id()}/cancel", new { })).Dispose();
        await _world.EndAsync(up.Id());
    }
}
