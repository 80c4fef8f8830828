using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>What was told to whom, and what came of it.</summary>
public sealed class NotificationDeliveriesFunction(NotificationVault vault, IOutbox outbox, TimeProvider time)
{
    [Function("NotificationDeliveries")]
    [Needs(Scope.Admin)]
    public async Task<Results<Ok<NotificationDeliveryList>, Refusal>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/notifications/{name}/deliveries")] HttpRequest request,
        string name,
        CancellationToken cancellationToken)
    {
        if (await vault.FindAsync(name, cancellationToken) is null)
        {
            return NotificationView.NotThere;
        }

        var now = time.GetUtcNow();
        var deliveries = await outbox.ListDeliveriesAsync(name, cancellationToken);
        return TypedResults.Ok(new NotificationDeliveryList(
            [.. deliveries.Select(one => NotificationDeliveryView.Of(one, now))]));
    }

    // The number is a delivery's: under the name id the audit would take it for a deployment's.
    [Function("RedeliverNotification")]
    [Needs(Scope.Admin)]
    public async Task<Results<Accepted<NotificationDeliveryView>, Refusal>> RedeliverAsync(
        [HttpTrigger(
            AuthorizationLevel.Anonymous, "post", Route = "v1/notifications/{name}/deliveries/{delivery:long}/redeliver")]
        HttpRequest request,
        string name,
        long delivery,
        CancellationToken cancellationToken) =>
        await outbox.RedeliverAsync(name, delivery, cancellationToken) is { } again
            ? TypedResults.Accepted((string?)null, NotificationDeliveryView.Of(again, time.GetUtcNow()))
            : new Refusal(404, "NOT_FOUND", "Delivery not found");
}

/// <param name="Items">The newest first, 200 at most.</param>
public sealed record NotificationDeliveryList(IReadOnlyList<NotificationDeliveryView> Items);

/// <param name="MessageId">The header <c>webhook-id</c>: the same at every attempt.</param>
/// <param name="DeploymentId">Null of what happened to SPEED's host.</param>
/// <param name="At">When it happened.</param>
/// <param name="TriedAt">The last attempt; null before the first.</param>
/// <param name="Answer">HTTP status of the last attempt; null where none came.</param>
/// <param name="NextAt">When it is tried next; null unless pending.</param>
public sealed record NotificationDeliveryView(
    long Id,
    string MessageId,
    string Event,
    long? DeploymentId,
    DateTimeOffset At,
    DeliveryState State,
    int Attempts,
    DateTimeOffset? TriedAt,
    int? Answer,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? NextAt)
{
    internal static NotificationDeliveryView Of(NotificationDelivery delivery, DateTimeOffset now) => new(
        delivery.Id, delivery.MessageId, delivery.Event.Wire, delivery.DeploymentId, delivery.At, delivery.State,
        delivery.Attempts, delivery.TriedAt, delivery.Answer, delivery.Error, now + delivery.DueIn);
}
