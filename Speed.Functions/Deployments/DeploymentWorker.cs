using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>Fills the slots: recovers what an earlier process left, then takes the oldest pending, for ever.</summary>
public sealed partial class DeploymentWorker(
    DeploymentLife life,
    Recovery recovery,
    Overdue overdue,
    IRunner runner,
    DiskGuard disk,
    IDeploymentStore store,
    WorkerState state,
    Bell bell,
    TimeProvider time,
    IOptions<DeploymentSettings> settings,
    ILogger<DeploymentWorker> logger) : BackgroundService
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly List<Task> _lives = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host waits for the first await of each service.
        await Task.Yield();
        var leftovers = RemoveLeftoversAsync(stoppingToken);
        try
        {
            await UntilDoneAsync(() => RecoverAsync(stoppingToken), stoppingToken);
            while (true)
            {
                var ring = bell.Next(Bell.Queue);
                var lookAgain = TimeSpan.Zero;
                await UntilDoneAsync(async () => lookAgain = await LookAsync(stoppingToken), stoppingToken);
                await Task.WhenAny(ring, Task.Delay(lookAgain, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll([leftovers, .. _lives]);
        }
    }

    private async Task RecoverAsync(CancellationToken stopping)
    {
        await foreach (var deployment in recovery.TakeOverAllAsync(state.Owner, stopping))
        {
            Begin(deployment, stopping);
        }
    }

    // Beside the rest: no engine, or one that removes nothing, keeps nobody waiting.
    private async Task RemoveLeftoversAsync(CancellationToken stopping)
    {
        try
        {
            while (await runner.FindFaultAsync(stopping) is not null)
            {
                await Task.Delay(LookAgainAfter, time, stopping);
            }

            await UntilDoneAsync(() => recovery.RemoveLeftoversAsync(stopping), stopping);
        }
        catch (OperationCanceledException)
        {
            // SPEED stops, and looks again at its next start.
        }
    }

    // Gives how long nothing can change unless the bell rings.
    private async Task<TimeSpan> LookAsync(CancellationToken stopping)
    {
        _lives.RemoveAll(task => task.IsCompleted);
        var due = await overdue.EndAllAsync(stopping);
        var wait = due ?? LongestWait;
        wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait;

        // A service that is up lives on without a slot.
        while (state.Running.Count < settings.Value.MaxRunning)
        {
            TellFault(disk.Fault ?? await runner.FindFaultAsync(stopping));
            if (state.Fault is not null)
            {
                return wait < LookAgainAfter ? wait : LookAgainAfter;
            }

            var share = settings.Value.MaxRunningPerToken is { } most ? new SlotShare(most, state.Running) : null;
            if (await store.ClaimNextAsync(state.Owner, share, stopping) is not { } deployment)
            {
                break;
            }

            Begin(deployment, stopping);
        }

        return wait;
    }

    private void TellFault(string? fault)
    {
        if (fault is not null && state.Fault is null)
        {
            LogWaiting(fault);
        }
        else if (fault is null && state.Fault is not null)
        {
            LogGoingOn();
        }

        state.Fault = fault;
    }

    private void Begin(Deployment deployment, CancellationToken stopping)
    {
        LogStarted(deployment.Id, deployment.Attempt);
        if (deployment.FirstUpAt is null)
        {
            state.Enter(deployment.Id);
        }

        _lives.Add(LiveAsync(deployment, stopping));
    }

    // Never throws: one life's fault is not the worker's end.
    private async Task LiveAsync(Deployment deployment, CancellationToken stopping)
    {
        try
        {
            await life.LiveAsync(deployment, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Left to the next process.
        }
        catch (Exception exception)
        {
            LogAbandoned(exception, deployment.Id);
        }
        finally
        {
            state.Leave(deployment.Id);
            bell.Ring(Bell.Queue);
        }
    }

    private async Task UntilDoneAsync(Func<Task> step, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await step();
                return;
            }
            catch (Exception exception) when (!stopping.IsCancellationRequested)
            {
                LogRetried(exception);
                await Task.Delay(LookAgainAfter, time, stopping);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Deployment {Id} started, attempt {Attempt}")]
    private partial void LogStarted(long id, int attempt);

    [LoggerMessage(LogLevel.Error, "Deployment {Id} was left unsettled; it is recovered at the next start")]
    private partial void LogAbandoned(Exception exception, long id);

    [LoggerMessage(LogLevel.Warning, "Deployments wait: {Fault}")]
    private partial void LogWaiting(string fault);

    [LoggerMessage(LogLevel.Information, "Deployments go on")]
    private partial void LogGoingOn();

    [LoggerMessage(LogLevel.Warning, "The worker met a fault and looks again in a moment")]
    private partial void LogRetried(Exception exception);
}
