using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Hooks;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>What came to a hook and was decided, and deciding it anew.</summary>
public sealed class DeliveriesFunction(IHookStore store, HookDeliveries deliveries)
{
    private static readonly Refusal NoDelivery = new(404, "NOT_FOUND", "Delivery not found");

    private static readonly Refusal NoBody = new(
        409, "BODY_NOT_KEPT", "What the delivery told is no longer kept: deliver it again from the forge.");

    [Function("Deliveries")]
    [Needs(Scope.Admin)]
    public async Task<Results<Ok<DeliveryList>, Refusal>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/hooks/{name}/deliveries")] HttpRequest request,
        string name,
        CancellationToken cancellationToken)
    {
        if (await store.FindHookAsync(name, cancellationToken) is null)
        {
            return HooksFunction.NoHook;
        }

        var records = await store.ListHookDeliveriesAsync(name, cancellationToken);
        return TypedResults.Ok(new DeliveryList([.. records.Select(DeliveryView.Of)]));
    }

    // Not {id}: that is a deployment's, in the audit as well.
    [Function("Redeliver")]
    [Needs(Scope.Admin)]
    public async Task<Results<Accepted<DecisionView>, Refusal>> RedeliverAsync(
        [HttpTrigger(
            AuthorizationLevel.Anonymous, "post", Route = "v1/hooks/{name}/deliveries/{delivery:long}/redeliver")]
        HttpRequest request,
        string name,
        long delivery,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadOptionalAsync(request, cancellationToken);
        body.Fields.AllowOnly();
        if (body.Refusal is { } invalid)
        {
            return invalid;
        }

        if (await store.FindHookAsync(name, cancellationToken) is not { } hook)
        {
            return HooksFunction.NoHook;
        }

        if (await store.ReadDeliveryAsync(name, delivery, cancellationToken) is not { } came)
        {
            return NoDelivery;
        }

        if (came.Body.Length == 0)
        {
            return NoBody;
        }

        var (record, refusal) = await deliveries.DecideAsync(request, hook, came, cancellationToken);
        return record is null ? refusal! : TypedResults.Accepted((string?)null, DecisionView.Of(record));
    }
}

/// <summary>What was decided about a delivery.</summary>
/// <param name="DeploymentId">Where it was started.</param>
public sealed record DecisionView(
    long DeliveryId,
    DecisionWord Decision,
    string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? DeploymentId)
{
    internal static DecisionView Of(Delivery delivery) => new(
        delivery.Id,
        delivery.Decision,
        delivery.Reason,
        delivery.DeploymentId);
}

public sealed record DeliveryList(IReadOnlyList<DeliveryView> Items);

/// <summary>A delivery and what was decided about it.</summary>
/// <param name="ForgeId">The forge's own id of it.</param>
/// <param name="Event">As the forge calls it.</param>
/// <param name="RedeliveryOf">The one that was decided anew with it.</param>
public sealed record DeliveryView(
    long DeliveryId,
    DateTimeOffset At,
    string Event,
    string? ForgeId,
    DecisionWord Decision,
    string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? DeploymentId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? RedeliveryOf)
{
    internal static DeliveryView Of(Delivery delivery)
    {
        var decided = DecisionView.Of(delivery);
        return new DeliveryView(
            delivery.Id, delivery.At, delivery.Event, delivery.ForgeId, decided.Decision, delivery.Reason,
            delivery.DeploymentId, delivery.RedeliveryOf);
    }
}
