using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class ResultsFunction(ResultReader reader)
{
    [Function("Results")]
    [Needs(Scope.Read)]
    public async Task<Results<ResultsAnswer, NotFound<Error>>> ResultsAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "results/{id:long}")] HttpRequest request,
        long id,
        CancellationToken cancellationToken) =>
        await reader.FindAsync(request, id, after: 0, most: null, cancellationToken) is { } pages
            ? new ResultsAnswer(pages)
            : TypedResults.NotFound(Error.NoDeployment);
}

/// <param name="Results">All of them in order, joined by newlines.</param>
public sealed record ResultsText(string Results);

/// <summary><see cref="ResultsText"/>, written as it is read.</summary>
public sealed class ResultsAnswer : IResult, IEndpointMetadataProvider
{
    private const int SliceCharacters = 16 * 1024;

    private readonly ResultPages _pages;

    internal ResultsAnswer(ResultPages pages) => _pages = pages;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(
        new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(ResultsText), ["application/json"]));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (output, aborted) = (httpContext.Response.BodyWriter, httpContext.RequestAborted);
        httpContext.Response.ContentType = ResultPages.ContentType;
        await using var json = ResultPages.Writer(output);
        json.WriteStartObject();
        json.WritePropertyName("results");
        var separator = "";
        if (!await _pages.WriteAsync(output, json, WriteAsync, aborted))
        {
            httpContext.Abort();
            return;
        }

        json.WriteStringValueSegment("", isFinalSegment: true);
        json.WriteEndObject();
        await ResultPages.SendAsync(output, json, 0, aborted);

        // One can be a mebibyte, and six times as much once it is escaped.
        async Task WriteAsync(DeploymentResult result)
        {
            json.WriteStringValueSegment(separator, isFinalSegment: false);
            separator = "\n";
            for (var at = 0; at < result.Value.Length; at += SliceCharacters)
            {
                var length = Math.Min(SliceCharacters, result.Value.Length - at);
                json.WriteStringValueSegment(result.Value.AsSpan(at, length), isFinalSegment: false);
                await ResultPages.SendAsync(output, json, ResultPages.FlushBytes, aborted);
            }
        }
    }
}
