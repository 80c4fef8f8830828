using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Clean-up: what it would remove, and the removal; what no record tells of, apart.</summary>
public sealed class GcFunction(Retention retention, Unrecorded unrecorded)
{
    [Function("Gc")]
    [Needs(Scope.Admin)]
    public async Task<Ok<GcList>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/gc")] HttpRequest request,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(GcList.Of(
            await retention.ListAsync(cancellationToken), await unrecorded.ListAsync(cancellationToken)));

    [Function("CollectGc")]
    [Needs(Scope.Admin)]
    public async Task<Results<Ok<GcList>, Refusal>> CollectAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/gc")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadOptionalAsync(request, cancellationToken);
        body.Fields.AllowOnly("unrecorded");
        var alsoUnrecorded = body.Fields.Flag("unrecorded") ?? false;
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        return TypedResults.Ok(GcList.Of(
            await retention.CollectAsync(cancellationToken),
            alsoUnrecorded ? await unrecorded.RemoveAsync(cancellationToken) : []));
    }
}

/// <param name="Items">What clean-up removes.</param>
/// <param name="Unrecorded">What no record tells of, and goes only where <c>unrecorded</c> is said.</param>
public sealed record GcList(IReadOnlyList<GcView> Items, IReadOnlyList<GcView> Unrecorded)
{
    internal static GcList Of(IEnumerable<GcItem> items, IEnumerable<GcItem> unrecorded) =>
        new([.. items.Select(GcView.Of)], [.. unrecorded.Select(GcView.Of)]);
}

public sealed record GcView(
    GcKind Kind,
    string Id,
    string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Bytes)
{
    internal static GcView Of(GcItem item) => new(item.Kind, item.Id, item.Reason, item.Bytes);
}
