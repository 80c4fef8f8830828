using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Net.Http.Headers;
using Speed.Hooks;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>What forges call. They have no key: each delivery is signed with its hook's secret.</summary>
public sealed class DeliverFunction(
    HookVault vault, DeliveryReader reader, IHookStore store, HookDeliveries deliveries)
{
    private static readonly Refusal BadSignature = new(
        401,
        "SIGNATURE_INVALID",
        "There is no such hook, or the delivery is not signed with its secret: set the secret at the forge.");

    [Function("Deliver")]
    [OpenToAll]
    public async Task<Results<Accepted<DecisionView>, Refusal>> DeliverAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/hooks/{name}/deliver")] HttpRequest request,
        string name,
        CancellationToken cancellationToken)
    {
        var came = new ForgeRequest(header => request.Headers[header] is [{ } value] ? value : null);
        using var proof = await vault.ExpectAsync(name, came, cancellationToken);
        using var read = await reader.ReadAsync(request, proof, cancellationToken);
        if (read.Refusal is { } unread)
        {
            return unread;
        }

        if (proof.FindHook() is not { } hook)
        {
            return BadSignature;
        }

        request.HttpContext.Admit(Caller.Hook(name));
        var forgeId = came.IdFor(hook.Forge);
        if (forgeId is not null && await store.FindDeliveryAsync(name, forgeId, cancellationToken) is { } earlier)
        {
            return IdempotencyKey.Replay(request, TypedResults.Accepted((string?)null, DecisionView.Of(earlier)));
        }

        var delivery = new NewHookDelivery(name, forgeId, came.EventFor(hook.Forge), []);
        if (read.Bytes is not { } bytes)
        {
            return await deliveries.RefuseAsync(delivery, TooLarge, cancellationToken);
        }

        if (JsonIn(request, bytes) is not { } json)
        {
            return await deliveries.RefuseAsync(delivery, NotJson, cancellationToken);
        }

        var (record, refusal) = await deliveries.DecideAsync(
            request, hook, delivery with { Body = json }, cancellationToken);
        return record is null ? refusal! : TypedResults.Accepted((string?)null, DecisionView.Of(record));
    }

    // GitHub and Gitea can send a form with the JSON in its one field; GitHub does so unless told otherwise.
    private static byte[]? JsonIn(HttpRequest request, ReadOnlyMemory<byte> bytes)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            return null;
        }

        if (type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            var form = QueryHelpers.ParseQuery(Encoding.UTF8.GetString(bytes.Span));
            return form.TryGetValue("payload", out var payload)
                ? Encoding.UTF8.GetBytes(payload.ToString())
                : null;
        }

        return type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) ? bytes.ToArray() : null;
    }

    private static Refusal TooLarge { get; } =
        Body.TooLarge("The delivery is over 25 MiB: start what it is of with POST /v1/deployments.");

    private static Refusal NotJson { get; } = new(
        415, "UNSUPPORTED_MEDIA_TYPE", "A delivery must be JSON: set the hook's content type to application/json.");
}
