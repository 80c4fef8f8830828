using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// What this API is, as OpenAPI 3.1. The document is made from the functions by a test and lies among the sources, so
/// it is the same under both hosts.
/// </summary>
public static class OpenApiFunction
{
    private static readonly string Document = Path.Combine(AppContext.BaseDirectory, "wwwroot", "openapi.json");

    [Function("OpenApi")]
    [OpenToAll]
    public static PhysicalFileHttpResult Show(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "openapi.json")] HttpRequest request) =>
        TypedResults.PhysicalFile(Document, "application/json; charset=utf-8");
}
