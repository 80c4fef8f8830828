using System.Diagnostics;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process and a real engine: it is killed, stopped or frozen under SPEED.</summary>
public sealed class EngineFaultTests : EngineFaults
{
    private static readonly TimeSpan GoesOnWithin = TimeSpan.FromSeconds(30);

    private readonly List<TimeSpan> _wentOn = [];

    // An engine that goes away between a start that was asked for and its answer: nothing is started a second time.
    private static string[] GoneOnOrCutAtItsStart => ["Succeeded", "INTERRUPTED", "DOCKER_RESTARTED"];

    [Fact]
    public async Task Whatever_happens_to_the_engine_SPEED_serves_and_everything_goes_on_when_it_is_back()
    {
        Scale.Say($"{Scale.EngineFaults} faults of the engine, seed {Scale.Seed}");
        using var events = new EngineEvents(Engine.Endpoint);
        for (var n = 0; n < Scale.EngineFaults; n++)
        {
            await FaultAsync((Fault)(n % 3));
        }

        Scale.Say(
            $"{Scale.EngineFaults} faults of the engine: gone on within {_wentOn.Max().TotalSeconds:F1} s; "
            + string.Join(", ", Ends.CountBy(end => end).Select(end => $"{end.Value} {end.Key}")));
        await Engine.EventuallyEmptyAsync();
        await Speed.TerminateAsync();
        new Oracle(Speed.DataDirectory, Ledger).CheckEnd();
    }

    private async Task FaultAsync(Fault fault)
    {
        var runs = await StartAsync(new Job("slow", Job.Numbered(70, "sleep 0.1"), Lines: 70));
        await Speed.SeesLineAsync(runs, $"line {Random.Next(1, 10)}");
        var builds = await StartAsync(new Job("building", "echo line 1", Lines: 1, Builds: true));
        await Speed.UntilAsync(builds, now => Text(now, "phase") is not "clone");
        await Task.Delay(Random.Next(0, 400), Now);

        await BreakAsync(fault);
        var waits = await StartAsync(new Job("quick", "echo line 1", Lines: 1));
        await Speed.UntilAsync(
            waits, now => Text(now.GetProperty("waiting"), "reason")!.StartsWith("Docker does not"));
        await MendAsync(fault);
        var back = Stopwatch.GetTimestamp();

        await EndsAsync(fault, waits, "Succeeded");
        _wentOn.Add(Stopwatch.GetElapsedTime(back));
        await EndsAsync(fault, builds, fault == Fault.Frozen ? ["Succeeded"] : GoneOnOrCutAtItsStart);
        await EndsAsync(fault, runs, fault == Fault.Frozen ? "Succeeded" : "DOCKER_RESTARTED");
        Assert.All(_wentOn, took => Assert.True(took < GoesOnWithin, $"{took}"));
    }

    private Task BreakAsync(Fault fault) => fault switch
    {
        Fault.Killed => Engine.KillAsync(),
        Fault.Terminated => Engine.TerminateAsync(),
        _ => Engine.FreezeAsync(),
    };

    private Task MendAsync(Fault fault) => fault == Fault.Frozen ? Engine.ContinueAsync() : Engine.StartAsync();
}
