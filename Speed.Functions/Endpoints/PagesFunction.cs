using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class PagesFunction(Pages pages)
{
    // Route = "/" would hang every function under the Azure Functions host.
    [Function("Home")]
    [OpenToAll]
    public Results<PhysicalFileHttpResult, Refusal> Home(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "{ignored:maxlength(0)?}")] HttpRequest request) =>
        Serve(request, "index.html");

    [Function("Page")]
    [OpenToAll]
    public Results<PhysicalFileHttpResult, Refusal> Page(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "ui/{*path}")] HttpRequest request,
        string? path) =>
        Serve(request, path ?? "index.html");

    private Results<PhysicalFileHttpResult, Refusal> Serve(HttpRequest request, string path)
    {
        if (pages.Find(path) is not var (file, contentType))
        {
            return Refusal.NotFound;
        }

        // Kept, but asked for each time: after an upgrade no browser goes on with parts of the page before.
        request.HttpContext.Response.Headers.CacheControl = "no-cache";
        return TypedResults.PhysicalFile(file, contentType, lastModified: File.GetLastWriteTimeUtc(file));
    }
}
