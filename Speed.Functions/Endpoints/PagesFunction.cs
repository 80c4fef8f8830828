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
        Serve("index.html");

    [Function("Page")]
    [OpenToAll]
    public Results<PhysicalFileHttpResult, Refusal> Page(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "ui/{*path}")] HttpRequest request,
        string? path) =>
        Serve(path ?? "index.html");

    private Results<PhysicalFileHttpResult, Refusal> Serve(string path) =>
        pages.Find(path) is var (file, contentType)
            ? TypedResults.PhysicalFile(file, contentType, lastModified: File.GetLastWriteTimeUtc(file))
            : Refusal.NotFound;
}
