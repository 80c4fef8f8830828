using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class CancelFunction(
    IDeploymentStore store, VisibleDeployments deployments, ISecrets secrets, ResourceReader resources)
{
    private const int MaxReasonLength = 1_024;

    private static readonly Refusal Finished = new(409, "ALREADY_FINISHED", "Deployment already finished");

    [Function("Cancel")]
    [Needs(Scope.Deploy)]
    public async Task<Results<Ok<DeploymentResource>, Accepted<DeploymentResource>, Refusal>> CancelAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/deployments/{id:long}/cancel")] HttpRequest request,
        long id,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadOptionalAsync(request, cancellationToken);
        body.Fields.AllowOnly("reason");
        var reason = body.Fields.Text("reason", MaxReasonLength) is { Length: > 0 } text ? text : null;
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await deployments.FindAsync(request, id, cancellationToken) is null)
        {
            return Refusal.NoDeployment;
        }

        var masked = reason is null ? null : await secrets.MaskAsync(id, reason, cancellationToken);
        if (reason is not null && masked is null)
        {
            return Refusal.CannotMask("`reason`", "cancel without a reason");
        }

        var by = request.Caller().Name;
        if (await store.RequestCancelAsync(id, by, masked, cancellationToken) == CancelOutcome.AlreadyFinished)
        {
            return Finished;
        }

        // By what it shows, not by what the request did: it may have stopped in the meantime.
        return await store.FindAsync(id, cancellationToken) switch
        {
            null => Refusal.NoDeployment,
            { Status: DeploymentStatus.Canceled } ended =>
                TypedResults.Ok(await resources.ReadAsync(ended, cancellationToken)),
            { } stopping => TypedResults.Accepted(
                $"/v1/deployments/{id}", await resources.ReadAsync(stopping, cancellationToken)),
        };
    }
}
