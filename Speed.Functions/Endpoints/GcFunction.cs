using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Clean-up: what it would remove, and the removal.</summary>
public sealed class GcFunction(Retention retention)
{
    [Function("Gc")]
    [Needs(Scope.Admin)]
    public async Task<Ok<GcList>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/gc")] HttpRequest request,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(GcList.Of(await retention.ListAsync(cancellationToken)));

    [Function("CollectGc")]
    [Needs(Scope.Admin)]
    public async Task<Ok<GcList>> CollectAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/gc")] HttpRequest request,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(GcList.Of(await retention.CollectAsync(cancellationToken)));
}

public sealed record GcList(IReadOnlyList<GcView> Items)
{
    internal static GcList Of(IEnumerable<GcItem> items) =>
        new([.. items.Select(item => new GcView(item.Kind, item.Id, item.Reason, item.Bytes))]);
}

public sealed record GcView(
    GcKind Kind,
    string Id,
    string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Bytes);
