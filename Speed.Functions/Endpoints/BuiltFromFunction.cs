using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class BuiltFromFunction(IDeploymentStore store, VisibleDeployments deployments)
{
    [Function("BuiltFrom")]
    [Needs(Scope.Read)]
    public async Task<Results<Ok<BuiltFrom>, Refusal>> FindAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/deployments/{id:long}/built-from")] HttpRequest request,
        long id,
        CancellationToken cancellationToken)
    {
        if (await deployments.FindAsync(request, id, cancellationToken) is null)
        {
            return Refusal.NoDeployment;
        }

        return await store.FindBuiltFromAsync(id, cancellationToken) is { } from
            ? TypedResults.Ok(from)
            : Refusal.NotPlanned;
    }
}
