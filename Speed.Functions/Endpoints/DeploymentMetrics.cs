using Microsoft.Extensions.Hosting;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>
/// Counts what becomes of deployments by following their events, beside the work and never in its way. What happened
/// before SPEED started is not counted.
/// </summary>
internal sealed class DeploymentMetrics(
    IEventStore events, IDeploymentStore deployments, SpeedMetrics metrics, Bell bell, TimeProvider time)
    : BackgroundService
{
    // By their id, until their log is closed.
    private readonly Dictionary<long, DeploymentStatus> _open = [];

    // Null: to begin with how things stand.
    private long? _after;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var ring = bell.Next(Bell.Changes);
                await CatchUpAsync(stoppingToken);
                await ring.WaitAsync(stoppingToken);
            }
            catch (StoreUnavailableException)
            {
                // Numbers can wait: the store says what is wrong with it to those who need it.
                await Task.Delay(Retry.After, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        var after = _after ?? await BeginAsync(cancellationToken);
        while (await events.ReadEventsAsync(after, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var change in page)
            {
                await ApplyAsync(change, cancellationToken);
                _after = after = change.Seq;
            }
        }

        _after = after;
        metrics.QueueLength.Set(_open.Values.Count(status => status == DeploymentStatus.Pending));
        metrics.Running.Set(_open.Values.Count(status => status == DeploymentStatus.Running));
    }

    private async Task<long> BeginAsync(CancellationToken cancellationToken)
    {
        var last = await events.LastEventAsync(cancellationToken);
        for (var id = 0L; await events.ListOpenAsync(id, cancellationToken) is { Count: > 0 } page;)
        {
            foreach (var open in page)
            {
                _open[open.DeploymentId] = open.Status;
            }

            id = page[^1].DeploymentId;
        }

        return last;
    }

    private async Task ApplyAsync(DeploymentEvent change, CancellationToken cancellationToken)
    {
        var isKnown = _open.TryGetValue(change.DeploymentId, out var before);
        if (!isKnown && change.Status.IsFinal)
        {
            return;
        }

        // It may have gone on since: then it is told of again.
        var now = await deployments.FindAsync(change.DeploymentId, cancellationToken);
        if (now is not null && change.Status != before)
        {
            Count(change.Status, now);
        }

        if (change.Status.IsFinal && now is not { LogClosedAt: null })
        {
            _open.Remove(change.DeploymentId);
        }
        else
        {
            _open[change.DeploymentId] = change.Status;
        }
    }

    private void Count(DeploymentStatus status, Deployment deployment)
    {
        if (status == DeploymentStatus.Running && deployment.StartedAt is { } started)
        {
            metrics.WaitSeconds.Observe((started - deployment.CreatedAt).TotalSeconds);
        }

        if (status.IsFinal)
        {
            metrics.Outcomes.WithLabels(status.ToString(), deployment.Failure?.Code.Wire ?? "").Inc();
            foreach (var phase in deployment.Phases.Where(phase => phase.EndedAt is not null))
            {
                metrics.PhaseSeconds
                    .WithLabels(phase.Name.ToString().ToLowerInvariant(), phase.Status)
                    .Observe((phase.EndedAt!.Value - phase.StartedAt).TotalSeconds);
            }
        }
    }
}
