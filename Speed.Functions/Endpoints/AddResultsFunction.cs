using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class AddResultsFunction(VisibleDeployments deployments, Reports reports)
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

        return await reports.AddAsync(id, results, cancellationToken) is { } refused
            ? refused
            : TypedResults.Ok(new Message("Results added successfully"));
    }
}
