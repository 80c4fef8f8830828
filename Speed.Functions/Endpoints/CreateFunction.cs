using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>As <see cref="StartFunction"/>, but strict with unknown members, lenient with the branch, and told all.</summary>
public sealed class CreateFunction(OptionsReader options, Creation creation, ResourceReader resources)
{
    [Function("Create")]
    [Needs(Scope.Deploy)]
    public async Task<Results<Created<DeploymentResource>, Refusal>> CreateAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/deployments")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var key = IdempotencyKey.Read(request, body.Fields);
        OptionsReader.RefuseUnknown(body.Fields);
        var asked = options.Read(body.Fields, branchRequired: false);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        var (deployment, refused) = await creation.AddAsync(request, asked, key, retryOf: null, cancellationToken);
        return deployment is null
            ? refused!
            : TypedResults.Created(
                $"/v1/deployments/{deployment.Id}", await resources.ReadAsync(deployment, cancellationToken));
    }
}
