using Speed.Tests.Chaos;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what runs outlives a restart of SPEED, with all that it said.</summary>
public sealed class RestartTests : IAsyncLifetime
{
    private readonly World _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_running_program_outlives_a_restart_and_its_own_exit_code_counts()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", "FROM busybox\nCMD echo started; trap 'exit 5' USR1; while true; do sleep 0.1; done\n"));
        var id = await _world.StartAsync(repository);
        await _world.SeesLineAsync(id, "started");

        await _world.App.RestartAsync();
        await _world.SignalAsync(id, "USR1");
        var ended = await _world.EndAsync(id);

        ended.FailedWith("EXIT_NONZERO", "run");
        Assert.Equal(5, ended.ExitCode);
        Assert.Equal(1, ended.Resource.GetProperty("attempt").GetInt32());
        await _world.EventuallyNoContainersAsync(id);
    }

    [Fact]
    public async Task A_build_that_a_restart_cut_short_is_repeated_as_the_next_attempt()
    {
        // Never built before: the engine keeps its layers longer than a test lives.
        var once = Guid.NewGuid().ToString();
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\nRUN echo {once}; sleep 3\nCMD echo done\n"));
        var id = await _world.StartAsync(repository);
        await _world.SeesLineAsync(id, once);

        await _world.App.RestartAsync();
        var ended = (await _world.EndAsync(id)).Succeeded();

        Assert.Equal("done", ended.Results);
        Assert.Equal(2, ended.Resource.GetProperty("attempt").GetInt32());
    }

    [Fact]
    public async Task What_a_busy_engine_hands_on_late_is_in_the_log_once()
    {
        await using var engine = new EngineProxy { AttachLag = TimeSpan.FromSeconds(1.2) };
        await using var world = new World { Settings = { ["Speed__Docker__Endpoint"] = engine.Endpoint } };
        await world.InitializeAsync();
        var repository = await world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nCMD trap 'exit 0' USR1; i=0; while true; do i=$((i+1)); echo line $i; sleep 0.1; done\n"));
        var id = await world.StartAsync(repository);
        await world.SeesLineAsync(id, "line 5");

        await world.App.RestartAsync();
        await world.SeesLineAsync(id, "line 50");
        await world.SignalAsync(id, "USR1");
        var ended = (await world.EndAsync(id)).Succeeded();

        var lines = ended.Log.Split('\n').Where(line => line.StartsWith("line ", StringComparison.Ordinal)).ToList();
        Assert.Equal(Enumerable.Range(1, lines.Count).Select(n => $"line {n}"), lines);
        Assert.True(ended.Resource.GetProperty("log").GetProperty("complete").GetBoolean(), ended.Log);
    }

    [Fact]
    public async Task What_the_engine_dropped_of_a_long_output_while_SPEED_was_away_is_a_gap()
    {
        await using var world = new World { Settings = { ["Speed__Log__MaxBytes"] = "1048576" } };
        await world.InitializeAsync();
        var repository = await world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nCMD echo first; trap 'seq 1 1500000; echo last; exit 0' USR1; while true; do sleep 0.1; done\n"));
        var id = await world.StartAsync(repository);
        await world.SeesLineAsync(id, "first");
        var container = (await world.ContainersOfAsync(id)).Single();

        await world.App.RestartAsync(meanwhile: async () =>
        {
            await DockerCli.RunAsync("kill", "--signal", "USR1", container);
            await DockerCli.RunAsync("wait", container);
        });
        var ended = await world.EndAsync(id);

        Assert.Contains("\nfirst\n[gap: SPEED was restarted, and lines are missing here", ended.Log);
        Assert.Contains("\nlast\n", ended.Log);
    }
}
