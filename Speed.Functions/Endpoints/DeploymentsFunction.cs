using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class DeploymentsFunction(IDeploymentStore store, ResourceReader resources)
{
    [Function("Deployments")]
    [Needs(Scope.Read)]
    public async Task<Results<Ok<DeploymentList>, Refusal>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/deployments")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var query = new QueryReader(request.Query);
        var filter = ListQuery.Read(query, request.Caller());
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var page = await store.ListAsync(filter, cancellationToken);
        var cursor = page.Next is { } next ? ListQuery.CursorOf(next) : null;
        if (cursor is not null)
        {
            request.HttpContext.Response.Headers.Link = $"<{ListQuery.LinkTo(request, cursor)}>; rel=\"next\"";
        }

        return TypedResults.Ok(new DeploymentList(await resources.ReadAsync(page.Items, cancellationToken), cursor));
    }
}

/// <param name="Items">Newest first.</param>
/// <param name="NextCursor">Of the next page; null on the last one.</param>
public sealed record DeploymentList(IReadOnlyList<DeploymentResource> Items, string? NextCursor);
