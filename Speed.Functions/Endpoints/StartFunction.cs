using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class StartFunction(OptionsReader options, Creation creation)
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

        var (deployment, refused) = await creation.AddAsync(request, asked, key, retryOf: null, cancellationToken);
        return deployment is null
            ? refused!
            : TypedResults.Created($"/v1/deployments/{deployment.Id}", new DeploymentId(deployment.Id));
    }
}

public sealed record DeploymentId(long Id);
