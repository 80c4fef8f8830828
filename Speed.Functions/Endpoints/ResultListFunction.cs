using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class ResultListFunction(IDeploymentStore store, VisibleDeployments deployments)
{
    [Function("ResultList")]
    [Needs(Scope.Read)]
    public async Task<Results<Ok<ResultList>, Refusal>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/deployments/{id:long}/results")] HttpRequest request,
        long id,
        CancellationToken cancellationToken) =>
        await deployments.FindAsync(request, id, cancellationToken) is not null
        && await store.ReadResultsAsync(id, cancellationToken) is { } results
            ? TypedResults.Ok(new ResultList(results))
            : Refusal.NoDeployment;
}

/// <param name="Items">In order of arrival.</param>
public sealed record ResultList(IReadOnlyList<DeploymentResult> Items);
