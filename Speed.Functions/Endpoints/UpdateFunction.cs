using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class UpdateFunction(IDeploymentStore store, VisibleDeployments deployments, Reports reports)
{
    [Function("Update")]
    [Needs(Scope.Report, MayEnd = true)]
    public async Task<Results<Ok<Message>, NotFound<Error>, Conflict<Error>, Refusal>> UpdateAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "update")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var id = body.Fields.RequireId("id");
        var text = body.Fields.RequireText("new_results", "new_results is missing: give a status word or a result.");
        var word = StatusWord(text);
        if (ReportLimit.Beyond(request.HttpContext) is { } beyond && word is not { IsFinal: true })
        {
            return beyond;
        }

        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        Audit.Concerns(request.HttpContext, id);
        if (await deployments.FindAsync(request, id, cancellationToken) is null)
        {
            return TypedResults.NotFound(Error.NoDeployment);
        }

        if (word is { } said)
        {
            return Answer(await store.DeclareAsync(id, said, cancellationToken), said, request.HttpContext);
        }

        return await reports.AddAsync(id, text, cancellationToken) is { } refused ? refused : Updated();
    }

    private static Results<Ok<Message>, NotFound<Error>, Conflict<Error>, Refusal> Answer(
        DeclareOutcome outcome, DeploymentStatus word, HttpContext context)
    {
        switch (outcome)
        {
            case DeclareOutcome.Changed:
                ReportLimit.LetPass(context);
                context.Response.Headers["Speed-Changed"] = "true";
                return Updated();
            case DeclareOutcome.Unchanged:
                context.Response.Headers["Speed-Changed"] = "false";
                return Updated();
            case DeclareOutcome.NotFound:
                return TypedResults.NotFound(Error.NoDeployment);
            case DeclareOutcome.BeingCanceled:
                return TypedResults.Conflict(new Error("Deployment is being canceled"));
            case DeclareOutcome.BeingSuperseded:
                return TypedResults.Conflict(new Error("Deployment is being superseded"));
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
