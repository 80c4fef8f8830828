using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Net.Http.Headers;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class DeploymentFunction(VisibleDeployments deployments, ResourceReader resources, ChangeWait change)
{
    [Function("Deployment")]
    [Needs(Scope.Read)]
    public async Task<Results<Ok<DeploymentResource>, StatusCodeHttpResult, Refusal>> DeploymentAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/deployments/{id:long}")] HttpRequest request,
        long id,
        CancellationToken cancellationToken)
    {
        var query = new QueryReader(request.Query);
        var wait = query.Whole("wait", missing: 0, least: 0);
        var since = query.Whole("since", missing: 0, least: 0);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await deployments.FindAsync(request, id, cancellationToken) is not { } deployment)
        {
            return Refusal.NoDeployment;
        }

        if (wait > 0 && deployment.Version <= since)
        {
            deployment = await change.AwaitAsync(deployment, since, TimeSpan.FromSeconds(wait), cancellationToken);
        }

        var tag = new EntityTagHeaderValue($"\"{deployment.Version}\"", isWeak: true);
        request.HttpContext.Response.GetTypedHeaders().ETag = tag;
        return IsKnown(request, tag)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(await resources.ReadAsync(deployment, cancellationToken));
    }

    private static bool IsKnown(HttpRequest request, EntityTagHeaderValue tag) =>
        request.GetTypedHeaders().IfNoneMatch.Any(
            known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
}
