using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Speed.Data;
using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives real SQLite: when a service that is up is said to be ill.</summary>
public sealed class HealthWatchTests : IDisposable
{
    private static readonly ProbeAnswer Well = new(true, true, "It is well.");
    private static readonly ProbeAnswer Ill = new(false, true, "It is ill.");
    private static readonly ProbeAnswer Starting = new(false, false, "It starts.") { IsPending = true };

    private readonly FakeTimeProvider _time = new();
    private readonly KeptLog<HealthWatch> _logged = new();
    private readonly TempFolder _folder = TempFolder.InMemory();
    private readonly SqliteStores _stores;

    public HealthWatchTests() => _stores = new SqliteStores(
        new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _stores.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_faulty_engine_does_not_end_it_and_is_logged_once_an_episode()
    {
        var lines = await WatchAsync(
            health: null,
            _ => throw new InvalidOperationException("the engine is not well"),
            _ => throw new InvalidOperationException("the engine is not well"),
            _ => Task.FromResult(Ill),
            _ => throw new InvalidOperationException("the engine is not well"),
            _ => Task.FromResult(Well));

        Assert.Equal(["No longer healthy: It is ill.", "Healthy again."], lines);
        Assert.Equal([LogLevel.Warning, LogLevel.Warning], _logged.Entries.Select(entry => entry.Level));
    }

    [Fact]
    public async Task A_question_that_is_never_answered_does_not_keep_the_next_from_being_asked()
    {
        var lines = await WatchAsync(health: null, Never, _ => Task.FromResult(Ill));

        Assert.Equal(["No longer healthy: It is ill."], lines);

        static async Task<ProbeAnswer> Never(CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return Well;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_health_check_that_has_come_to_nothing_yet_says_nothing_and_ends_nothing(bool isByCommand)
    {
        var lines = await WatchAsync(
            isByCommand ? new HealthOption { Command = ["true"] } : null,
            _ => Task.FromResult(Starting),
            _ => Task.FromResult(Ill),
            _ => Task.FromResult(Starting),
            _ => Task.FromResult(Well));

        Assert.Equal(["No longer healthy: It is ill.", "Healthy again."], lines);
    }

    [Fact]
    public async Task A_SPEED_that_is_started_anew_says_nothing_twice_and_knows_when_it_is_over()
    {
        var before = await UpAsync(health: null);
        var first = await WatchAsync(before, _ => Task.FromResult(Well), _ => Task.FromResult(Ill));
        var second = await WatchAsync(
            await FindAsync(before.Id), _ => Task.FromResult(Ill), _ => Task.FromResult(Ill), _ => Task.FromResult(Well),
            _ => Task.FromResult(Well));
        var third = await WatchAsync(await FindAsync(before.Id), _ => Task.FromResult(Well));

        Assert.Equal(["No longer healthy: It is ill."], first);
        Assert.Equal(["Healthy again."], second);
        Assert.Empty(third);
    }

    [Fact]
    public async Task Asked_by_path_it_is_unhealthy_after_three_bad_answers_in_a_row()
    {
        var lines = await WatchAsync(
            new HealthOption { Path = "/" },
            _ => Task.FromResult(Ill), _ => Task.FromResult(Ill), _ => Task.FromResult(Well),
            _ => Task.FromResult(Ill), _ => Task.FromResult(Ill), _ => Task.FromResult(Ill), _ => Task.FromResult(Ill),
            _ => Task.FromResult(Well));

        Assert.Equal(["No longer healthy: It is ill.", "Healthy again."], lines);
    }

    [Theory]
    [InlineData(UnhealthyRule.Stay, null)]
    [InlineData(UnhealthyRule.Restart, "It is ill.")]
    public async Task One_that_is_to_be_started_again_then_is_told_at_once_also_where_it_was_ill_before(
        UnhealthyRule rule, string? expected)
    {
        var service = await UpAsync(new HealthOption { Path = "/" }, rule);
        for (var time = 1; time <= 2; time++)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(Now);
            var asked = 0;
            await using var log = await DeploymentLog.OpenAsync(1, new MemoryLogStore(), TimeProvider.System, Now);
            var watching = new HealthWatch(_stores.Deployments, _time, _logged).WatchAsync(
                await FindAsync(service.Id), log,
                new ScriptedContainer { Probe = _ => asked++ < 4 ? Task.FromResult(Ill) : EndAsync() },
                over.Token);
            while (!watching.IsCompleted)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            Assert.Equal(expected, await watching);
            Assert.Equal(expected is null ? 5 : 3, asked);

            async Task<ProbeAnswer> EndAsync()
            {
                await over.CancelAsync();
                throw new OperationCanceledException(over.Token);
            }
        }
    }

    [Fact]
    public async Task What_the_check_answered_is_on_record_without_secrets()
    {
        var service = await UpAsync(health: null);

        await WatchAsync(service, _ => Task.FromResult(new ProbeAnswer(false, true, "No login with hunter2hunter2.")));

        Assert.Equal("No login with ***.", (await FindAsync(service.Id)).Unhealthy);
    }

    [Fact]
    public async Task One_that_is_to_end_is_not_called_unhealthy()
    {
        var service = await UpAsync(health: null);
        await _stores.Deployments.RequestCancelAsync(service.Id, "api", null, Now);

        Assert.Empty(await WatchAsync(service, _ => Task.FromResult(Ill), _ => Task.FromResult(Ill)));
    }

    private async Task<Deployment> UpAsync(HealthOption? health, UnhealthyRule rule = UnhealthyRule.Stay)
    {
        var store = _stores.Deployments;
        await store.AddAsync(new NewDeployment(SomeOptions.Of() with { Health = health, OnUnhealthy = rule }, null, 500), Now);
        var claim = (await store.ClaimNextAsync("worker-1", Now))!.Claim;
        await store.EnterPhaseAsync(claim, DeploymentPhase.Run, Now);
        await store.RecordKindAsync(claim, DeploymentKind.Service, [], Now);
        Assert.Equal(UpOutcome.Up, await store.BecomeUpAsync(claim, Now));
        return await FindAsync(claim.Id);
    }

    private async Task<Deployment> FindAsync(long id) => (await _stores.Deployments.FindAsync(id, Now))!;

    private async Task<IReadOnlyList<string>> WatchAsync(
        HealthOption? health, params Func<CancellationToken, Task<ProbeAnswer>>[] answers) =>
        await WatchAsync(await UpAsync(health), answers);

    /// <summary>The log after these answers.</summary>
    private async Task<IReadOnlyList<string>> WatchAsync(
        Deployment service, params Func<CancellationToken, Task<ProbeAnswer>>[] answers)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Now);
        var store = new MemoryLogStore();
        var asked = 0;
        var container = new ScriptedContainer
        {
            Probe = token => asked++ < answers.Length ? answers[asked - 1](token) : EndAsync(),
        };
        await using var log = await DeploymentLog.OpenAsync(1, store, TimeProvider.System, Now);
        log.Masker = Masker.Of(["hunter2hunter2"]);
        var watching = new HealthWatch(_stores.Deployments, _time, _logged).WatchAsync(service, log, container, over.Token);
        while (!watching.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await watching;
        await log.CloseAsync();
        Assert.True(asked > answers.Length, $"It ended after {asked} questions.");
        return store.Lines(1);

        async Task<ProbeAnswer> EndAsync()
        {
            await over.CancelAsync();
            throw new OperationCanceledException(over.Token);
        }
    }
}
