using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class ResultsFunction(IDeploymentStore store, VisibleDeployments deployments)
{
    [Function("Results")]
    [Needs(Scope.Read)]
    public async Task<Results<Ok<ResultsText>, NotFound<Error>>> ResultsAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "results/{id:long}")] HttpRequest request,
        long id,
        CancellationToken cancellationToken) =>
        await deployments.FindAsync(request, id, cancellationToken) is not null
        && await store.ReadResultsAsync(id, cancellationToken) is { } results
            ? TypedResults.Ok(new ResultsText(string.Join('\n', results.Select(result => result.Value))))
            : TypedResults.NotFound(Error.NoDeployment);
}

/// <param name="Results">All of them in order, joined by newlines.</param>
public sealed record ResultsText(string Results);
