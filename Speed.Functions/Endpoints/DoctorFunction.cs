using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>What SPEED stands on, looked at anew for each request.</summary>
public sealed class DoctorFunction(IEnumerable<ICheckup> checkups)
{
    [Function("Doctor")]
    [Needs(Scope.Admin)]
    public async Task<Ok<DoctorReport>> ExamineAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/doctor")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var findings = await Task.WhenAll(checkups.Select(checkup => checkup.CheckAsync(cancellationToken)));
        return TypedResults.Ok(DoctorReport.Of([.. findings.SelectMany(some => some)]));
    }
}

/// <param name="Ok">True if all is well.</param>
public sealed record DoctorReport(bool Ok, string Version, IReadOnlyList<DoctorCheck> Checks)
{
    internal static DoctorReport Of(IReadOnlyList<Finding> findings) => new(
        findings.All(finding => finding.IsOk),
        typeof(DoctorReport).Assembly.GetName().Version!.ToString(3),
        [.. findings.Select(finding => new DoctorCheck(finding.Name, finding.IsOk, finding.Detail, finding.Fix))]);
}

/// <param name="Fix">The way out of what is wrong.</param>
public sealed record DoctorCheck(
    string Name,
    bool Ok,
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Fix);
