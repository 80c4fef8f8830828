using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>The engine is killed, stopped or frozen under SPEED, while deployments wait, build and run.</summary>
public sealed class EngineFaultTests : IAsyncLifetime
{
    private static readonly TimeSpan GoesOnWithin = TimeSpan.FromSeconds(30);

    private readonly Random _random = new(Scale.Seed);
    private readonly Ledger _ledger = new();
    private readonly List<TimeSpan> _wentOn = [];
    private readonly List<string> _ends = [];
    private readonly EngineWorld _world = new(maxRunning: 3);
    private GitRepository _repository = null!;

    // An engine that goes away between a start that was asked for and its answer: nothing is started a second time.
    private static string[] GoneOnOrCutAtItsStart => ["Succeeded", "INTERRUPTED", "DOCKER_RESTARTED"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private OwnEngine Engine => _world.Engine;

    private SpeedProcess Speed => _world.Speed;

    public async ValueTask InitializeAsync()
    {
        await _world.InitializeAsync();
        _repository = await _world.Git.CreateAsync("app", r => r.File("Dockerfile", Job.Dockerfile));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

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
            + string.Join(", ", _ends.CountBy(end => end).Select(end => $"{end.Value} {end.Key}")));
        await Engine.EventuallyEmptyAsync();
        await Speed.TerminateAsync();
        new Oracle(Speed.DataDirectory, _ledger).CheckEnd();
    }

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
        await Task.Delay(_random.Next(0, 2000), Now);
        await Engine.StartAsync();

        await EndsAsync(Fault.Killed, runs, "DOCKER_RESTARTED");
        await EndsAsync(Fault.Killed, waits, "Succeeded");
    }

    private async Task FaultAsync(Fault fault)
    {
        var runs = await StartAsync(new Job("slow", Job.Numbered(70, "sleep 0.1"), Lines: 70));
        await Speed.SeesLineAsync(runs, $"line {_random.Next(1, 10)}");
        var builds = await StartAsync(new Job("building", "echo line 1", Lines: 1, Builds: true));
        await Speed.UntilAsync(builds, now => Text(now, "phase") is not "clone");
        await Task.Delay(_random.Next(0, 400), Now);

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

    private async Task<long> StartAsync(Job job)
    {
        var id = await Speed.DeployAsync(_repository.Url, job.Options);
        _ledger.Add(id, job);
        return id;
    }

    private async Task EndsAsync(Fault fault, long id, params string[] expected)
    {
        var ended = await Speed.EndAsync(id);
        var failure = ended.GetProperty("failure");
        var end = failure.ValueKind == JsonValueKind.Object ? Text(failure, "code")! : "Succeeded";
        _ends.Add($"{end} ({_ledger.Find(id)!.Job.Name}, {fault})");
        Assert.True(
            expected.Contains(end),
            $"{fault}, expected {string.Join(" or ", expected)}: {ended}\n{await Speed.LogAsync(id)}\n{Speed.Output}");
        if (end == "DOCKER_RESTARTED")
        {
            var log = ended.GetProperty("log");
            Assert.False(log.GetProperty("complete").GetBoolean(), "No gap says that output is missing.");
        }
    }

    private Task BreakAsync(Fault fault) => fault switch
    {
        Fault.Killed => Engine.KillAsync(),
        Fault.Terminated => Engine.TerminateAsync(),
        _ => Engine.FreezeAsync(),
    };

    private Task MendAsync(Fault fault) => fault == Fault.Frozen ? Engine.ContinueAsync() : Engine.StartAsync();

    private static string? Text(JsonElement of, string member) => of.GetProperty(member).GetString();

    private enum Fault
    {
        Killed,
        Terminated,
        Frozen,
    }
}
