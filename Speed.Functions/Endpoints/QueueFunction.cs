using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class QueueFunction(QueueView queue)
{
    [Function("Queue")]
    [Needs(Scope.Read)]
    public async Task<Ok<QueueList>> QueueAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/queue")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var caller = request.Caller();
        var state = await queue.ReadAsync(cancellationToken);
        return TypedResults.Ok(new QueueList(
            [.. state.Running.Where(entry => caller.SeesRepository(entry.Identity)).Select(RunningView.Of)],
            [.. state.Waiting.Where(entry => caller.SeesRepository(entry.Deployment.Identity)).Select(QueuedView.Of)]));
    }
}

/// <summary>What the caller may see of the queue. Positions count what they may not see, too.</summary>
/// <param name="Running">Those that hold a slot.</param>
/// <param name="Waiting">In the order in which they start; of a long queue, the first thousand.</param>
public sealed record QueueList(IReadOnlyList<RunningView> Running, IReadOnlyList<QueuedView> Waiting);

public sealed record RunningView(
    long Id, string Url, string Name, string? Branch, DeploymentPhase? Phase, DateTimeOffset? StartedAt)
{
    internal static RunningView Of(QueuedDeployment deployment) =>
        new(deployment.Id, deployment.Url, deployment.Name, deployment.Branch, deployment.Phase, deployment.StartedAt);
}

/// <param name="EtaAt">When it may start; null where nothing sensible can be said.</param>
public sealed record QueuedView(
    long Id, string Url, string Name, string? Branch, DateTimeOffset CreatedAt, int Position, string Reason,
    DateTimeOffset? EtaAt)
{
    internal static QueuedView Of((QueuedDeployment Deployment, Waiting Waiting) entry) => new(
        entry.Deployment.Id, entry.Deployment.Url, entry.Deployment.Name, entry.Deployment.Branch,
        entry.Deployment.CreatedAt, entry.Waiting.Position, entry.Waiting.Reason, entry.Waiting.EtaAt);
}
