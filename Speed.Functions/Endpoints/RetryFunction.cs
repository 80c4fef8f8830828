using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class RetryFunction(VisibleDeployments deployments, Creation creation, ResourceReader resources)
{
    private const string NotRetryable = "NOT_RETRYABLE";

    [Function("Retry")]
    [Needs(Scope.Deploy)]
    public async Task<Results<Created<DeploymentResource>, Refusal>> RetryAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/deployments/{id:long}/retry")] HttpRequest request,
        long id,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadOptionalAsync(request, cancellationToken);
        body.Fields.AllowOnly();
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await deployments.FindAsync(request, id, cancellationToken) is not { } original)
        {
            return Refusal.NoDeployment;
        }

        if (original.RetryOptions is not { } asked)
        {
            return original.Status.IsFinal ? NoCommit : NotFinished;
        }

        var (deployment, refused) = await creation.AddAsync(request, asked, key: null, retryOf: id, cancellationToken);
        return deployment is null
            ? AsConflict(refused!)
            : TypedResults.Created(
                $"/v1/deployments/{deployment.Id}", await resources.ReadAsync(deployment, cancellationToken));
    }

    private static Refusal NotFinished { get; } = new(
        409, NotRetryable, "The deployment has not ended: cancel it, or wait for its end, and then retry.");

    private static Refusal NoCommit { get; } = new(
        409, NotRetryable, "The deployment ended before its commit was known: start a new one instead.");

    // The fields are not this request's: a secret of the original's is gone.
    private static Refusal AsConflict(Refusal refused) =>
        refused.Errors.Count > 0 ? new Refusal(409, NotRetryable, refused.Detail) : refused;
}
