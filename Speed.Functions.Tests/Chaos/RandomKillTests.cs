using System.Diagnostics;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process and real Git: SIGKILL at random instants, while a crowd is at it.</summary>
public sealed class RandomKillTests : IAsyncLifetime
{
    private const int Clients = 8;
    private static readonly TimeSpan TakenOverWithin = TimeSpan.FromSeconds(10);

    private readonly SpeedProcess _speed = new(("Speed__MaxRunning", "4"));
    private readonly EngineEvents _events = new();
    private readonly Ledger _ledger = new();
    private readonly Random _random = new(Scale.Seed);
    private readonly List<TimeSpan> _takeOvers = [];
    private CrowdClient[] _crowd = [];
    private GitServer _git = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _git = await GitServer.StartAsync();
        var repository = await _git.CreateAsync("app", r => r.File("Dockerfile", Job.Dockerfile));
        _crowd = [.. Enumerable.Range(0, Clients).Select(n => new CrowdClient(
            $"client {n}", repository.Url, _ledger, new Random(Scale.Seed + n + 1)))];
    }

    public async ValueTask DisposeAsync()
    {
        _events.Dispose();
        await _speed.DisposeAsync();
        await _git.DisposeAsync();
    }

    [Fact]
    public async Task Whenever_it_is_killed_what_was_acknowledged_is_there_and_every_deployment_ends()
    {
        Scale.Say($"{Scale.Kills} kills, seed {Scale.Seed}");
        var oracle = new Oracle(_speed.DataDirectory, _ledger);
        for (var kill = 1; kill <= Scale.Kills; kill++)
        {
            await LiveAndDieAsync(kill);
            oracle.Check();
        }

        await _speed.StartAsync();
        var took = await AllEndAsync();
        await NothingIsLeftOnTheEngineAsync();
        await _speed.TerminateAsync();
        Tell(oracle.CheckEnd(), took);
    }

    private async Task LiveAndDieAsync(int kill)
    {
        _speed.Launch();
        if (kill > 1 && _random.Next(5) == 0)
        {
            // While it starts and recovers.
            await Task.Delay(_random.Next(300, 1500), Now);
            await _speed.KillAsync();
            return;
        }

        await _speed.AnswersAsync();
        using var over = new CancellationTokenSource();
        var owned = AllAreOwnedAsync(over.Token);
        var busy = Task.WhenAll(
            _crowd.Select(client => client.BusyAsync(_speed.Client, _random.Next(2), over.Token)));
        if (_random.Next(2) == 0)
        {
            // Around a start, where the most can go wrong.
            await StartsSomethingAsync();
        }

        // From 50 ms to 5 s, and as often below half a second as above: some deployments end in peace, others never.
        await Task.Delay(TimeSpan.FromMilliseconds(50 * Math.Pow(100, _random.NextDouble())), Now);
        await _speed.KillAsync();
        await over.CancelAsync();
        await busy;
        await owned;
    }

    // Or not, within two seconds.
    private async Task StartsSomethingAsync()
    {
        var before = _events.Count;
        for (var since = Stopwatch.GetTimestamp(); _events.Count == before; await Task.Delay(10, Now))
        {
            if (Stopwatch.GetElapsedTime(since).TotalSeconds > 2)
            {
                return;
            }
        }
    }

    // What ran before is this process's own now; what it began itself is so from the start.
    private async Task AllAreOwnedAsync(CancellationToken over)
    {
        var since = Stopwatch.GetTimestamp();
        var owner = $":{_speed.Id}";
        while (!over.IsCancellationRequested)
        {
            var strangers = Snapshot.Owners(_speed.DataDirectory)
                .Where(one => !one.Owner.EndsWith(owner, StringComparison.Ordinal))
                .ToList();
            var took = Stopwatch.GetElapsedTime(since);
            if (strangers.Count == 0)
            {
                _takeOvers.Add(took);
                return;
            }

            Assert.True(
                took < TakenOverWithin, $"Nobody has taken over {string.Join(", ", strangers)}\n{_speed.Output}");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private async Task<TimeSpan> AllEndAsync()
    {
        var since = Stopwatch.GetTimestamp();
        foreach (var id in Enumerable.Range(1, int.MaxValue))
        {
            using var answer = await _speed.Client.GetAsync($"/info/{id}", Now);
            if (!answer.IsSuccessStatusCode)
            {
                break;
            }

            if ((await _speed.GetAsync(id)).GetProperty("run_by").GetString() == "leader")
            {
                // Taken over by a client: it is for a client to end it.
                using var ended = await _speed.DeclareAsync(id, "Failed");
            }

            await _speed.EndAsync(id, TimeSpan.FromMinutes(5));
        }

        return Stopwatch.GetElapsedTime(since);
    }

    private async Task NothingIsLeftOnTheEngineAsync()
    {
        await EngineLeftovers.NoneOfAsync(_speed.Instance);
        var starts = _events.StartsOf(_speed.Instance);
        var counts = starts.CountBy(name => name.Split('-')[2]);
        Assert.All(
            counts, count => Assert.True(count.Value == 1, $"Deployment {count.Key} was started {count.Value} times."));
        Assert.NotEmpty(starts);
    }

    private void Tell(Snapshot end, TimeSpan drained)
    {
        Scale.Say(
            $"{Scale.Kills} kills: {_ledger.Acknowledged} writes acknowledged, {end.Rows.Count} deployments, "
            + $"{_events.StartsOf(_speed.Instance).Count} containers started, taken over within "
            + $"{_takeOvers.DefaultIfEmpty().Max().TotalMilliseconds:F0} ms, all ended "
            + $"{drained.TotalSeconds:F0} s after the last start");
        var ends = end.Rows.Values.GroupBy(row => row.FailureCode ?? "Succeeded").OrderByDescending(one => one.Count());
        Scale.Say(string.Join(", ", ends.Select(one => $"{one.Count()} {one.Key}")));
        Assert.DoesNotContain(end.Rows.Values, row => row.FailureCode is "INTERNAL" or "CONTAINER_LOST");
    }
}
