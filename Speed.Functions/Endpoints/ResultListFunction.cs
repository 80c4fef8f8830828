using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class ResultListFunction(ResultReader reader)
{
    private const int MostItems = 200;

    [Function("ResultList")]
    [Needs(Scope.Read)]
    public async Task<Results<ResultListAnswer, Refusal>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/deployments/{id:long}/results")] HttpRequest request,
        long id,
        CancellationToken cancellationToken)
    {
        var query = new QueryReader(request.Query);
        var after = query.Whole("after", missing: 0, least: 0, most: long.MaxValue);
        var limit = query.Whole("limit", missing: 0, least: 1, most: MostItems) is > 0 and var given ? (int?)given : null;
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await reader.FindAsync(request, id, after, limit, cancellationToken) is not { } pages)
        {
            return Refusal.NoDeployment;
        }

        if (pages.NextAfter is { } next)
        {
            request.HttpContext.Response.Headers.Link = string.Create(
                CultureInfo.InvariantCulture, $"<{request.PathBase + request.Path}?after={next}&limit={limit}>; rel=\"next\"");
        }

        return new ResultListAnswer(pages);
    }
}

/// <param name="Items">In order of arrival.</param>
/// <param name="NextAfter">Of the next page; null on the last one.</param>
public sealed record ResultList(IReadOnlyList<DeploymentResult> Items, long? NextAfter);

/// <summary><see cref="ResultList"/>, written as it is read.</summary>
public sealed class ResultListAnswer : IResult, IEndpointMetadataProvider
{
    private readonly ResultPages _pages;

    internal ResultListAnswer(ResultPages pages) => _pages = pages;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(
        new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(ResultList), ["application/json"]));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (output, aborted) = (httpContext.Response.BodyWriter, httpContext.RequestAborted);
        httpContext.Response.ContentType = ResultPages.ContentType;
        await using var json = ResultPages.Writer(output);
        json.WriteStartObject();
        json.WriteStartArray("items");
        if (!await _pages.WriteAsync(output, json, Write, aborted))
        {
            httpContext.Abort();
            return;
        }

        json.WriteEndArray();
        json.WritePropertyName("next_after");
        JsonSerializer.Serialize(json, _pages.NextAfter, Wire.Json);
        json.WriteEndObject();
        await ResultPages.SendAsync(output, json, 0, aborted);

        Task Write(DeploymentResult result)
        {
            JsonSerializer.Serialize(json, result, Wire.Json);
            return Task.CompletedTask;
        }
    }
}
