using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class AddResultsFunction(
    IDeploymentStore store, VisibleDeployments deployments, ISecrets secrets, DiskGuard disk)
{
    [Function("AddResults")]
    [Needs(Scope.Report)]
    public async Task<Results<Ok<Message>, NotFound<Error>, Refusal>> AddResultsAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "add_results/{id:long}")] HttpRequest request,
        long id,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var results = body.Fields.RequireText("results", "Missing results data");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await deployments.FindAsync(request, id, cancellationToken) is null)
        {
            return TypedResults.NotFound(Error.NoDeployment);
        }

        if (disk.Level == DiskLevel.Critical)
        {
            return Refusal.DiskLow(disk.Fault);
        }

        var masked = await secrets.MaskAsync(id, results, cancellationToken);
        return await store.AppendResultAsync(id, new NewResult(ResultSource.Report, masked), cancellationToken)
            ? TypedResults.Ok(new Message("Results added successfully"))
            : TypedResults.NotFound(Error.NoDeployment);
    }
}
