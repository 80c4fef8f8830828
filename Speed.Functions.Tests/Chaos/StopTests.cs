using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process and real Git: SIGTERM, as at every update, while clients are busy.</summary>
public sealed class StopTests : IAsyncLifetime
{
    private const int Clients = 4;

    // Of a machine that starts SPEED within three seconds; a quiet one takes one.
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OwnStart = TimeSpan.FromSeconds(3);

    private readonly SpeedProcess _speed = new(("Speed__MaxRunning", "4"));
    private readonly EngineEvents _events = new();
    private readonly Ledger _ledger = new();
    private readonly Random _random = new(Scale.Seed);
    private GitServer _git = null!;
    private GitRepository _repository = null!;

    // Where others keep the processors busy, a stop takes as many times longer as the start before it did.
    private double Slowness => Math.Max(1, _speed.StartTook / OwnStart);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _git = await GitServer.StartAsync();
        _repository = await _git.CreateAsync("app", r => r.File("Dockerfile", Job.Dockerfile));
    }

    public async ValueTask DisposeAsync()
    {
        _events.Dispose();
        await _speed.DisposeAsync();
        await _git.DisposeAsync();
    }

    [Fact]
    public async Task Stopped_under_load_it_ends_well_and_soon_and_programs_run_on_into_its_next_life()
    {
        CrowdClient[] crowd =
        [
            .. Enumerable.Range(0, Clients).Select(n => new CrowdClient(
                $"client {n}", _repository.Url, _ledger, new Random(Scale.Seed + n + 1))),
        ];
        var oracle = new Oracle(_speed.DataDirectory, _ledger);
        List<long> adopted = [];
        List<TimeSpan> took = [];
        for (var stop = 0; stop < Scale.Stops; stop++)
        {
            await _speed.StartAsync();
            adopted.Add(await StartAsync(new Job("slow", Job.Numbered(40, "sleep 0.1"), Lines: 40)));
            took.Add(await StopUnderLoadAsync(crowd, adopted[^1]));
            oracle.Check();
        }

        await _speed.StartAsync();
        var complete = await EndAllAsync(adopted);
        Scale.Say(
            $"{Scale.Stops} stops under load: exit code 0 each time, after {took.Max().TotalSeconds:F1} s at most; "
            + $"{adopted.Count} programs ran on, {complete} with a log without a gap");
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_program_that_does_not_want_to_end()
    {
        await _speed.StartAsync();
        var id = await StartAsync(new Job("stubborn", "trap '' TERM; echo line 1; sleep 30", Lines: 1));
        await _speed.SeesLineAsync(id, "line 1");
        using var answer = await _speed.DeclareAsync(id, "Canceled");

        var (exitCode, took) = await _speed.TerminateAsync();
        await _speed.StartAsync();
        var ended = await _speed.EndAsync(id);

        Assert.Equal(0, exitCode);
        Assert.True(took < StopsWithin * Slowness, $"It took {took}, the start {_speed.StartTook}.");
        Assert.Equal("Canceled", ended.GetProperty("status").GetString());
        await EngineLeftovers.NoneOfAsync(_speed.Instance);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_build()
    {
        await _speed.StartAsync();
        var repository = await _git.CreateAsync("slow", r => r.File(
            "Dockerfile", $"FROM busybox\nRUN echo {Guid.NewGuid()}; sleep 10\nCMD echo line 1\n"));
        var id = await _speed.DeployAsync(repository.Url);
        await _speed.UntilAsync(id, now => now.GetProperty("log").GetProperty("lines").GetInt64() > 6);

        var (exitCode, took) = await _speed.TerminateAsync();

        Assert.Equal(0, exitCode);
        Assert.True(took < StopsWithin * Slowness, $"It took {took}, the start {_speed.StartTook}.\n{_speed.Output}");
    }

    private async Task<long> StartAsync(Job job)
    {
        var id = await _speed.DeployAsync(_repository.Url, job.Options);
        _ledger.Add(id, job);
        return id;
    }

    private async Task<TimeSpan> StopUnderLoadAsync(CrowdClient[] crowd, long id)
    {
        using var over = new CancellationTokenSource();
        // Before another one is answered: what a busy SPEED has not yet taken is nobody's when it goes.
        var watching = _speed.Client.GetStringAsync($"/v1/deployments/{id}/logs?follow=true", Now);
        var waiting = _speed.Client.GetStringAsync($"/v1/deployments/{id}?wait=60&since=1000", Now);
        await _speed.SeesLineAsync(id, "line 1");
        var busy = Task.WhenAll(crowd.Select(client => client.BusyAsync(_speed.Client, 1, over.Token)));
        await Task.Delay(_random.Next(0, 500), Now);

        var refused = StartUntilRefusedAsync();
        var (exitCode, took) = await _speed.TerminateAsync();

        Assert.True(exitCode == 0, $"Exit code {exitCode}\n{_speed.Output}");
        Assert.True(took < StopsWithin * Slowness, $"It took {took}, the start {_speed.StartTook}.\n{_speed.Output}");
        var lockFile = Path.Combine(_speed.DataDirectory, "speed.lock");
        using (File.Open(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            // Nobody holds it any more.
        }

        // Ended, and not cut off.
        await watching;
        Assert.Equal(id, JsonElement.Parse(await waiting).GetProperty("id").GetInt64());
        await over.CancelAsync();
        await busy;
        await refused;
        return took;
    }

    // What is accepted on the way down must be there, too; then comes a 503 that says when, or nobody.
    private async Task StartUntilRefusedAsync()
    {
        try
        {
            while (true)
            {
                var body = new { url = $"{_git.Url}/none.git", branch = "main" };
                using var answer = await _speed.Client.PostAsJsonAsync("/start", body, Now);
                if (!answer.IsSuccessStatusCode)
                {
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                    Assert.NotNull(answer.Headers.RetryAfter);
                    return;
                }

                var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).GetProperty("id").GetInt64();
                _ledger.Add(id, new Job("none", ""));
                await Task.Delay(20, Now);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            // Refused, or cut off unanswered.
        }
    }

    // Gives how many logs have no gap.
    private async Task<int> EndAllAsync(List<long> adopted)
    {
        var complete = 0;
        foreach (var id in adopted)
        {
            var ended = await _speed.EndAsync(id);
            var status = ended.GetProperty("status").GetString();
            Assert.True(status == "Succeeded", $"{ended}");
            complete += ended.GetProperty("log").GetProperty("complete").GetBoolean() ? 1 : 0;
            Assert.Single(_events.StartsOf(_speed.Instance), name => name.StartsWith($"speed-{_speed.Instance}-{id}-"));
        }

        return complete;
    }
}
