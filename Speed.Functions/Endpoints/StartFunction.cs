using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using Speed.Deployments;

namespace Speed.Endpoints;

public sealed class StartFunction(
    IDeploymentStore store, OptionsReader options, DiskGuard disk, IOptions<DeploymentSettings> settings)
{
    [Function("Start")]
    public async Task<Results<Created<DeploymentId>, Refusal>> StartAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "start")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var key = IdempotencyKey.Read(request, body.Fields);
        var asked = options.Read(body.Fields, branchRequired: true);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        // With no room for anything new, or a secret gone since, what a key was given for before is still answered.
        var fault = await options.FindSecretFaultAsync(asked, cancellationToken);
        var full = disk.Fault;
        var maxQueued = fault is null && full is null ? settings.Value.MaxQueued : 0;
        return await store.AddAsync(new NewDeployment(asked, key, maxQueued), cancellationToken) switch
        {
            AddOutcome.Added added => Created(added.Deployment),
            AddOutcome.Replayed replayed => IdempotencyKey.Replay(request, Created(replayed.Deployment)),
            AddOutcome.KeyReused => IdempotencyKey.Reused,
            _ when fault is not null => fault,
            _ when full is not null => Refusal.DiskLow(full),
            _ => QueueFull(maxQueued),
        };
    }

    private static Created<DeploymentId> Created(Deployment deployment) =>
        TypedResults.Created($"/v1/deployments/{deployment.Id}", new DeploymentId(deployment.Id));

    private static Refusal QueueFull(int maxQueued) => new(
        429, "QUEUE_FULL", $"{maxQueued} deployments wait already, as many as may (Speed__MaxQueued): try again later.")
    {
        RetryAfterSeconds = 10,
    };
}

public sealed record DeploymentId(long Id);
