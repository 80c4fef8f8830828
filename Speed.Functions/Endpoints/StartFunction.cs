using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class StartFunction(
    IDeploymentStore store, OptionsReader options, DiskGuard disk, StartLimit limit, IOptions<DeploymentSettings> settings)
{
    [Function("Start")]
    [Needs(Scope.Deploy)]
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

        if (!request.Caller().SeesRepository(asked.Url))
        {
            return NotForThisRepository(request.Caller());
        }

        // With no room for anything new, or a secret gone since, what a key was given for before is still answered.
        var obstacle = await options.FindSecretFaultAsync(asked, cancellationToken)
            ?? (disk.Fault is { } fault ? Refusal.DiskLow(fault) : limit.Judge(request.Caller()));
        var maxQueued = obstacle is null ? settings.Value.MaxQueued : 0;
        return await store.AddAsync(new NewDeployment(asked, key, maxQueued), cancellationToken) switch
        {
            AddOutcome.Added added => Created(request, added.Deployment),
            AddOutcome.Replayed replayed => IdempotencyKey.Replay(request, Created(request, replayed.Deployment)),
            AddOutcome.KeyReused => IdempotencyKey.Reused,
            _ => obstacle ?? QueueFull(maxQueued),
        };
    }

    private static Created<DeploymentId> Created(HttpRequest request, Deployment deployment)
    {
        Audit.Concerns(request.HttpContext, deployment.Id);
        return TypedResults.Created($"/v1/deployments/{deployment.Id}", new DeploymentId(deployment.Id));
    }

    private static Refusal NotForThisRepository(Caller caller) => new(
        403, "REPOSITORY_NOT_ALLOWED", $"The token {caller.Name} is not for this repository: use one whose repos match it.");

    private static Refusal QueueFull(int maxQueued) => new(
        429, "QUEUE_FULL", $"{maxQueued} deployments wait already, as many as may (Speed__MaxQueued): try again later.")
    {
        RetryAfterSeconds = 10,
    };
}

public sealed record DeploymentId(long Id);
