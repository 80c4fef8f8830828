using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class InfoFunction(VisibleDeployments deployments)
{
    [Function("Info")]
    [Needs(Scope.Read)]
    public async Task<Results<Ok<DeploymentInfo>, NotFound<Error>>> InfoAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "info/{id:long}")] HttpRequest request,
        long id,
        CancellationToken cancellationToken) =>
        await deployments.FindAsync(request, id, cancellationToken) is { } deployment
            ? TypedResults.Ok(DeploymentInfo.Of(deployment))
            : TypedResults.NotFound(Error.NoDeployment);
}

/// <summary>A deployment as the original five endpoints show it.</summary>
/// <param name="RepoBranch">As it was asked for, however spelled; where none was, <c>HEAD</c> until the remote's own default branch is known by name.</param>
public sealed record DeploymentInfo(long Id, string RepoName, string RepoBranch, string Status)
{
    internal static DeploymentInfo Of(Deployment deployment) => new(
        deployment.Id,
        deployment.Options.Url,
        deployment.Options.Branch ?? deployment.Branch ?? "HEAD",
        deployment.Status.ToString());
}
