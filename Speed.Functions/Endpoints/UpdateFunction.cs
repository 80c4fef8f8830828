using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class UpdateFunction(
    IDeploymentStore store, VisibleDeployments deployments, ISecrets secrets, DiskGuard disk)
{
    [Function("Update")]
    [Needs(Scope.Report)]
    public async Task<Results<Ok<Message>, NotFound<Error>, Conflict<Error>, Refusal>> UpdateAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "update")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var id = body.Fields.RequireId("id");
        var text = body.Fields.RequireText("new_results", "new_results is missing: give a status word or a result.");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        Audit.Concerns(request.HttpContext, id);
        if (await deployments.FindAsync(request, id, cancellationToken) is null)
        {
            return TypedResults.NotFound(Error.NoDeployment);
        }

        if (StatusWord(text) is { } word)
        {
            return Answer(await store.DeclareAsync(id, word, cancellationToken), word, request.HttpContext.Response);
        }

        // A word ends something, and has room kept for it; a result has not.
        if (disk.Level == DiskLevel.Critical)
        {
            return Refusal.DiskLow(disk.Fault);
        }

        var masked = await secrets.MaskAsync(id, text, cancellationToken);
        return await store.AppendResultAsync(id, new NewResult(ResultSource.Report, masked), cancellationToken)
            ? Updated()
            : TypedResults.NotFound(Error.NoDeployment);
    }

    private static Results<Ok<Message>, NotFound<Error>, Conflict<Error>, Refusal> Answer(
        DeclareOutcome outcome, DeploymentStatus word, HttpResponse response)
    {
        switch (outcome)
        {
            case DeclareOutcome.Changed or DeclareOutcome.Unchanged:
                response.Headers["Speed-Changed"] = outcome == DeclareOutcome.Changed ? "true" : "false";
                return Updated();
            case DeclareOutcome.NotFound:
                return TypedResults.NotFound(Error.NoDeployment);
            case DeclareOutcome.BeingCanceled:
                return TypedResults.Conflict(new Error("Deployment is being canceled"));
            case DeclareOutcome.AlreadyFinished:
                return TypedResults.Conflict(new Error("Deployment already finished"));
            default:
                return TypedResults.Conflict(new Error($"Deployment is running: it cannot become {word} again"));
        }
    }

    private static Ok<Message> Updated() => TypedResults.Ok(new Message("Deployment updated successfully"));

    private static DeploymentStatus? StatusWord(string text)
    {
        foreach (var status in Enum.GetValues<DeploymentStatus>())
        {
            if (text.AsSpan().Trim().Equals(status.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                return status;
            }
        }

        return null;
    }
}
