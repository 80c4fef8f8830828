using System.Text.Json;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what follows an exit of a service, or that it is no longer well.</summary>
public sealed class ServiceRestartTests : IAsyncLifetime
{
    private const string Healthcheck = "HEALTHCHECK --interval=1s --retries=2 CMD test ! -e /ill || { echo no database; exit 1; }\n";

    private readonly World _world = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_service_that_fails_is_started_again_unless_it_was_said_that_it_is_not()
    {
        var unsaid = await UpAsync("exec sleep 1000");
        var no = await UpAsync("exec sleep 1001", new { restart = "no" });

        await _world.SignalAsync(unsaid.Id(), "KILL");
        await _world.SignalAsync(no.Id(), "KILL");
        await _world.WaitForAttemptAsync(unsaid.Id(), 2);
        var again = await _world.UpAsync(unsaid.Id());
        var ended = await _world.EndAsync(no.Id());

        Assert.Equal(("on-failure", "no"), (again.Text("restart"), no.Text("restart")));
        await _world.SeesLineAsync(
            again.Id(), "The service ended with exit code 137: it is started again in 1 s (1 of 10).");
        ended.FailedWith("EXIT_NONZERO", "run");
    }

    [Fact]
    public async Task An_exit_code_of_0_is_an_end_unless_it_is_always_started_again()
    {
        const string Program = "trap 'exit 0' USR1; while true; do sleep 0.1; done";
        var unsaid = await UpAsync(Program);
        var always = await UpAsync($"echo; {Program}", new { restart = "always" });

        await _world.SignalAsync(unsaid.Id(), "USR1");
        await _world.SignalAsync(always.Id(), "USR1");
        await _world.WaitForAttemptAsync(always.Id(), 2);
        var again = await _world.UpAsync(always.Id());

        Assert.Equal("Succeeded", (await _world.EndAsync(unsaid.Id())).Status);
        Assert.Equal("always", again.Text("restart"));
        await _world.SeesLineAsync(again.Id(), "The service ended with exit code 0: it is started again in 1 s (1 of 10).");
    }

    [Fact]
    public async Task A_job_is_never_started_again()
    {
        var ended = await _world.DeployAsync("FROM busybox\nCMD exit 7\n");

        ended.FailedWith("EXIT_NONZERO", "run");
        Assert.Equal(("no", 1), (ended.Resource.Text("restart"), ended.Resource.GetProperty("attempt").GetInt32()));
    }

    [Fact]
    public async Task One_that_is_no_longer_well_is_started_again_where_that_was_asked_for()
    {
        var up = await UpAsync("exec sleep 1000", new { on_unhealthy = "restart", restart = "no" });
        var container = (await _world.ContainersOfAsync(up.Id())).Single();

        await DockerCli.RunAsync("exec", container, "touch", "/ill");
        await _world.WaitForAttemptAsync(up.Id(), 2);
        var again = await _world.UpAsync(up.Id());

        Assert.Equal((2, "Running"), (again.GetProperty("attempt").GetInt32(), again.Text("status")));
        await _world.SeesLineAsync(up.Id(), "No longer healthy: Its health check ended with 1: no database");
        await _world.SeesLineAsync(
            up.Id(),
            "The service is no longer healthy: Its health check ended with 1: no database: it is started again in 1 s (1 of 10).");
    }

    [Fact]
    public async Task A_start_of_one_that_was_up_that_does_not_come_up_in_time_is_tried_again()
    {
        // Its second run is not well, and ends with 0 when it is asked to.
        var id = await StartAsync(
            "echo run >> /data/runs; case $(wc -l < /data/runs) in 1) sleep 3; exit 9;; "
            + "2) touch /ill; trap 'exit 0' TERM; while true; do sleep 0.1; done;; *) exec sleep 1000;; esac",
            new { volumes = new[] { new { name = "data", path = "/data" } } },
            "HEALTHCHECK --interval=1s --retries=100 CMD test ! -e /ill\n",
            startSeconds: 5);

        await _world.WaitForAttemptAsync(id, 3);
        var up = await _world.UpAsync(id);

        Assert.Equal("Running", up.Text("status"));
        await _world.SeesLineAsync(
            id,
            line => line.StartsWith("The service was not up within 5 s.", StringComparison.Ordinal)
                && line.EndsWith("it is started again in 2 s (2 of 10).", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_ten_tries_it_is_tried_every_five_minutes_and_can_be_canceled_meanwhile()
    {
        var up = await UpAsync("exec sleep 1000");
        await using (var database = new SqliteConnection(
            $"Data Source={Path.Combine(_world.App.DataDirectory, "deployments.db")};Pooling=False"))
        {
            await database.OpenAsync(Now);
            await using var command = database.CreateCommand();
            command.CommandText = "UPDATE deployment SET restarts = 10";
            await command.ExecuteNonQueryAsync(Now);
        }

        await _world.App.RestartAsync();
        await _world.SignalAsync(up.Id(), "KILL");
        await _world.SeesLineAsync(
            up.Id(),
            "The service ended with exit code 137: it is started again in 300 s (try 11, every five minutes by now).");
        var waiting = await _world.App.GetDeploymentAsync(up.Id());
        (await _world.App.PostAsync($"/v1/deployments/{up.Id()}/cancel", new { })).Dispose();

        Assert.Equal(("Running", JsonValueKind.Null), (waiting.Text("status"), waiting.GetProperty("up_at").ValueKind));
        Assert.Equal("Canceled", (await _world.EndAsync(up.Id())).Status);
    }

    private async Task<JsonElement> UpAsync(string program, object? options = null) =>
        await _world.UpAsync(await StartAsync(program, options));

    private async Task<long> StartAsync(
        string program, object? options = null, string healthcheck = Healthcheck, int startSeconds = 120)
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\n{healthcheck}CMD {program}\n"));
        var members = options is null
            ? []
            : JsonSerializer.SerializeToElement(options).EnumerateObject().ToDictionary(
                member => member.Name, member => (object?)member.Value);
        members["timeouts"] = new { start_s = startSeconds };
        return await _world.App.StartAsync(repository.Url, "main", members);
    }
}
