using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class PagesFunction(Pages pages)
{
    private const string HomePage = "index.html";

    // Route = "/" would hang every function under the Azure Functions host.
    [Function("Home")]
    [OpenToAll]
    public Results<PhysicalFileHttpResult, Refusal> Home(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "{ignored:maxlength(0)?}")] HttpRequest request) =>
        pages.Find(HomePage) is { } page ? Serve(request, page) : Refusal.NotFound;

    [Function("Page")]
    [OpenToAll]
    public Results<PhysicalFileHttpResult, RedirectHttpResult, Refusal> Page(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "ui/{*path}")] HttpRequest request,
        string? path)
    {
        if (path is null or "" or HomePage)
        {
            // The page is at the root, and its links are relative: a proxy may put SPEED under any path.
            return TypedResults.Redirect("../");
        }

        return pages.Find(path) is { } page ? Serve(request, page) : Refusal.NotFound;
    }

    private static PhysicalFileHttpResult Serve(HttpRequest request, Page page)
    {
        // Kept, but asked for each time: after an upgrade no browser goes on with parts of the page before.
        request.HttpContext.Response.Headers.CacheControl = "no-cache";
        return TypedResults.PhysicalFile(page.File, page.ContentType, entityTag: page.Tag);
    }
}
