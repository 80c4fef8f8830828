using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Liveness: says that the process answers, and asks nothing of store or engine.</summary>
public static class HealthFunction
{
    [Function("Health")]
    [OpenToAll]
    public static Ok<Health> Check(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request) =>
        TypedResults.Ok(new Health("ok"));
}

public sealed record Health(string Status);
