using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>
/// Tells others: spreads what the outbox has among those who want to hear it, and delivers it, lane by lane, until it is
/// answered or given up. At least once: an attempt is recorded when it was answered, and repeated if SPEED died before.
/// </summary>
public sealed partial class NotificationWorker(
    IOutbox outbox,
    INotifications notifications,
    INotifier notifier,
    DeliverySpread spread,
    Bell bell,
    TimeProvider time,
    ILogger<NotificationWorker> logger) : BackgroundService
{
    /// <summary>Lanes at work at once. One that waits for a dead receiver takes ten seconds of one of them.</summary>
    private const int MostLanes = 64;

    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly Dictionary<string, Task> _lanes = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host waits for the first await of each service.
        await Task.Yield();
        try
        {
            await UntilDoneAsync(() => outbox.ResumeDeliveriesAsync(DeliveryPauses.Longest, stoppingToken), stoppingToken);
            while (true)
            {
                Task[] rings = [bell.Next(Bell.Changes), bell.Next(Bell.Deliveries)];
                var (lookedAt, wait) = (time.GetTimestamp(), TimeSpan.Zero);
                await UntilDoneAsync(async () => wait = await LookAsync(stoppingToken), stoppingToken);

                // Canceled, or each ring would leave a timer behind.
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var due = Task.Delay(wait, time, waiting.Token);

                // Looking takes time, too: what has fallen due since is not waited for.
                if (time.GetElapsedTime(lookedAt) < wait)
                {
                    await Task.WhenAny([.. rings, .. _lanes.Values, due]);
                }

                await waiting.CancelAsync();
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // What is under way ends at once, unrecorded, and is repeated by the next process.
            await Task.WhenAll(_lanes.Values);
        }
    }

    // Gives how long nothing can be due unless a bell rings or a lane ends.
    private async Task<TimeSpan> LookAsync(CancellationToken stopping)
    {
        while (await outbox.ReadOutboxAsync(stopping) is { Count: > 0 } happenings)
        {
            await outbox.SpreadAsync(happenings, await spread.AmongAsync(happenings, stopping), stopping);
        }

        foreach (var lane in _lanes.Where(lane => lane.Value.IsCompleted).Select(lane => lane.Key).ToArray())
        {
            _lanes.Remove(lane);
        }

        if (_lanes.Count < MostLanes)
        {
            foreach (var delivery in await outbox.ListDueAsync(_lanes.Keys, MostLanes - _lanes.Count, stopping))
            {
                _lanes.Add(delivery.Lane, DeliverAsync(delivery, stopping));
            }
        }

        return _lanes.Count < MostLanes && await outbox.NextDeliveryAsync(_lanes.Keys, stopping) is { } next
            ? TimeSpan.FromTicks(Math.Clamp(next.Ticks, 0, LongestWait.Ticks))
            : LongestWait;
    }

    // Never throws: one delivery's fault is not the worker's end.
    private async Task DeliverAsync(NotificationDelivery delivery, CancellationToken stopping)
    {
        try
        {
            var outcome = await TryAsync(delivery, stopping);
            var pause = outcome.Result == AttemptResult.Failed
                ? DeliveryPauses.After(delivery.Failures, outcome.RetryAfter)
                : null;
            await UntilDoneAsync(() => outbox.RecordAttemptAsync(delivery, outcome, pause, stopping), stopping);
            if (outcome.Result == AttemptResult.Gone)
            {
                LogGone(delivery.Notification);
            }
            else if (outcome.Result != AttemptResult.Delivered && pause is null)
            {
                LogGivenUp(delivery.Notification, delivery.Id, WhatIs(delivery), outcome.Error);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Left to the next process.
        }
    }

    private async Task<AttemptOutcome> TryAsync(NotificationDelivery delivery, CancellationToken stopping)
    {
        try
        {
            var target = await FindTargetAsync(delivery, stopping);
            return target is null
                ? AttemptOutcome.Refused("Its address or login is gone, or does not open with the key in secrets.key.")
                : await notifier.SendAsync(delivery, target, stopping);
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            LogFault(fault, delivery.Notification, delivery.Id);
            return new AttemptOutcome(AttemptResult.Failed, null, "SPEED itself met a fault; its operator finds it logged.");
        }
    }

    private async Task<NotificationTarget?> FindTargetAsync(NotificationDelivery delivery, CancellationToken stopping)
    {
        if (delivery.Notification != Notification.CommitStatus)
        {
            return await notifications.FindReceiverAsync(delivery.Notification, stopping);
        }

        var login = await notifications.FindLoginAsync(delivery.Summary.Url, stopping);
        return login is null ? null : new NotificationTarget.Commit(login);
    }

    private static string WhatIs(NotificationDelivery delivery) => delivery.DeploymentId is { } id
        ? FormattableString.Invariant($"{delivery.Event.Wire} of deployment {id}")
        : delivery.Event.Wire;

    private async Task UntilDoneAsync(Func<Task> step, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await step();
                return;
            }
            catch (Exception fault) when (!stopping.IsCancellationRequested)
            {
                LogRetried(fault);
                await Task.Delay(LookAgainAfter, time, stopping);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Notification {Name} was disabled: its receiver said that it is gone for good")]
    private partial void LogGone(string name);

    [LoggerMessage(LogLevel.Warning, "Notification {Name} gave delivery {Id} of {Event} up: {Error}")]
    private partial void LogGivenUp(string name, long id, string @event, string? error);

    [LoggerMessage(LogLevel.Error, "Notification {Name} met a fault with delivery {Id}")]
    private partial void LogFault(Exception fault, string name, long id);

    [LoggerMessage(LogLevel.Warning, "Telling others met a fault and looks again in a moment")]
    private partial void LogRetried(Exception fault);
}
