using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Tests.Runners;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: when a service that is up is said to be ill.</summary>
public sealed class HealthWatchTests
{
    private static readonly ProbeAnswer Well = new(true, true, "It is well.");
    private static readonly ProbeAnswer Ill = new(false, true, "It is ill.");
    private static readonly ProbeAnswer Starting = new(false, false, "It starts.") { IsPending = true };

    private readonly FakeTimeProvider _time = new();
    private readonly KeptLog<HealthWatch> _logged = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

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

    /// <summary>The log after these answers.</summary>
    private async Task<IReadOnlyList<string>> WatchAsync(
        HealthOption? health, params Func<CancellationToken, Task<ProbeAnswer>>[] answers)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Now);
        var store = new MemoryLogStore();
        var asked = 0;
        var container = new ScriptedContainer
        {
            Probe = token => asked++ < answers.Length ? answers[asked - 1](token) : EndAsync(),
        };
        await using var log = await DeploymentLog.OpenAsync(1, store, TimeProvider.System, Now);
        var watching = new HealthWatch(_time, _logged).WatchAsync(
            SomeDeployment.Of(1, options => options with { Health = health }), log, container, over.Token);
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
