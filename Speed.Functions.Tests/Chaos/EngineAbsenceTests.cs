using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process and a real engine: both are away at a time.</summary>
public sealed class EngineAbsenceTests : EngineFaults
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_exit_that_the_engine_caused_while_SPEED_was_away_too_is_not_the_program_s(bool killed)
    {
        var runs = await StartAsync(new Job("slow", Job.Numbered(600, "sleep 0.1"), Lines: 600));
        await Speed.SeesLineAsync(runs, "line 3");

        await Speed.KillAsync();
        await (killed ? Engine.KillAsync() : Engine.TerminateAsync());
        await Engine.StartAsync();
        await Speed.StartAsync();

        await EndsAsync(killed ? Fault.Killed : Fault.Terminated, runs, "DOCKER_RESTARTED");
    }

    [Fact]
    public async Task SPEED_started_before_the_engine_goes_on_once_that_answers()
    {
        var runs = await StartAsync(new Job("slow", Job.Numbered(600, "sleep 0.1"), Lines: 600));
        await Speed.SeesLineAsync(runs, "line 3");
        var waits = await StartAsync(new Job("quick", "echo line 1", Lines: 1));

        await Speed.KillAsync();
        await Engine.KillAsync();
        await Speed.StartAsync();
        await Task.Delay(Random.Next(0, 2000), Now);
        await Engine.StartAsync();

        await EndsAsync(Fault.Killed, runs, "DOCKER_RESTARTED");
        await EndsAsync(Fault.Killed, waits, "Succeeded");
    }
}
