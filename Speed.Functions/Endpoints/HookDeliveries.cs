using System.Globalization;
using Microsoft.AspNetCore.Http;
using Speed.Deployments;
using Speed.Hooks;

namespace Speed.Endpoints;

/// <summary>Decides deliveries that were believed, does what follows, and records both.</summary>
public sealed class HookDeliveries(IHookStore store, IDeploymentStore deployments, HookReader reader, Creation creation)
{
    /// <summary>
    /// The record; or the refusal of what may succeed later, and then nothing is recorded. Where a delivery tells of
    /// several changes, each that something follows from is a delivery of its own, and the first one is given.
    /// </summary>
    internal async Task<(Delivery? Record, Refusal? Refusal)> DecideAsync(
        HttpRequest request, Hook hook, NewHookDelivery came, CancellationToken cancellationToken)
    {
        if (ForgeEvents.Read(hook.Forge, came.Event, came.Body) is not { } told)
        {
            var refusal = Refusal.BadRequest("INVALID_BODY", "The delivery is not a JSON object.");
            return (null, await RefuseAsync(came, refusal, cancellationToken));
        }

        var decisions = told.Select(one => HookRules.Decide(hook, one)).ToList();
        if (came.RedeliveryOf is not null)
        {
            // The hook may be another forge's by now.
            var again = decisions.ElementAtOrDefault(came.Part) ?? new Decision.Ignore("it no longer tells of that change");
            return await DoAsync(request, hook, came, again, cancellationToken);
        }

        var parts = decisions.Index().Where(one => one.Item is not Decision.Ignore).DefaultIfEmpty((0, decisions[0]));
        var outcome = default((Delivery? Record, Refusal? Refusal));
        // The first one last: once it is recorded under the forge's id, the others are done as well.
        foreach (var (place, (part, decision)) in parts.Index().Reverse())
        {
            var delivery = came with { Part = part, ForgeId = IdOf(came, place) };
            outcome = await DoAsync(request, hook, delivery, decision, cancellationToken);
            if (outcome.Refusal is not null)
            {
                break;
            }
        }

        return outcome;
    }

    /// <summary>
    /// Records a delivery that was believed and is refused, under no id of the forge: put right, it may come again under that.
    /// </summary>
    internal async Task<Refusal> RefuseAsync(NewHookDelivery came, Refusal refusal, CancellationToken cancellationToken)
    {
        var kept = came with { ForgeId = null, Body = [] };
        await store.RecordAsync(kept, DecisionWord.Ignored, $"refused: {refusal.Detail}", cancellationToken);
        return refusal;
    }

    private static string? IdOf(NewHookDelivery came, int place) => came.ForgeId is null || place == 0
        ? came.ForgeId
        : string.Create(CultureInfo.InvariantCulture, $"{came.ForgeId}/{place + 1}");

    private async Task<(Delivery? Record, Refusal? Refusal)> DoAsync(
        HttpRequest request, Hook hook, NewHookDelivery delivery, Decision decision, CancellationToken cancellationToken)
    {
        switch (decision)
        {
            case Decision.Start start:
                return await StartAsync(request, hook, delivery, start, cancellationToken);
            case Decision.End end:
                var (word, reason) = await EndAsync(request, hook, end, cancellationToken);
                return await RecordAsync(delivery, word, reason, cancellationToken);
            default:
                return await RecordAsync(delivery, DecisionWord.Ignored, decision.Reason, cancellationToken);
        }
    }

    private async Task<(Delivery? Record, Refusal? Refusal)> StartAsync(
        HttpRequest request, Hook hook, NewHookDelivery delivery, Decision.Start start, CancellationToken cancellationToken)
    {
        var (asked, fault) = reader.Resolve(hook, start);
        if (asked is null)
        {
            return await RecordAsync(
                delivery, DecisionWord.Ignored, $"{start.Reason}, but {fault}", cancellationToken);
        }

        var obstacle = await creation.JudgeAsync(request.Caller(), asked, cancellationToken);
        if (obstacle is { RetryAfterSeconds: null })
        {
            return await RecordAsync(
                delivery, DecisionWord.Ignored, $"{start.Reason}, but {obstacle.Detail}", cancellationToken);
        }

        var wanted = creation.Want(request.Caller(), asked, key: null, obstacle) with { Repos = hook.Repos };
        var (record, full) = await store.StartAsync(delivery, start.Reason, wanted, cancellationToken);
        if (record?.DeploymentId is { } id)
        {
            Audit.Concerns(request.HttpContext, id);
        }

        return record is null ? (null, obstacle ?? (full is null ? HooksFunction.NoHook : creation.Full(full))) : (record, null);
    }

    private async Task<(DecisionWord Word, string Reason)> EndAsync(
        HttpRequest request, Hook hook, Decision.End end, CancellationToken cancellationToken)
    {
        var live = await store.ListLiveAsync(hook.Name, hook.Identity, end.Branch, cancellationToken);
        foreach (var id in live)
        {
            await deployments.RequestCancelAsync(id, request.Caller().Name, end.Reason, cancellationToken);
        }

        return live.Count switch
        {
            0 => (DecisionWord.Ignored, $"{end.Reason}; nothing that the hook started of `{end.Branch}` was left"),
            1 => (DecisionWord.Canceled, $"{end.Reason}; deployment {live[0]} is being canceled"),
            _ => (DecisionWord.Canceled, $"{end.Reason}; deployments {string.Join(", ", live)} are being canceled"),
        };
    }

    private async Task<(Delivery? Record, Refusal? Refusal)> RecordAsync(
        NewHookDelivery delivery, DecisionWord decision, string reason, CancellationToken cancellationToken) =>
        await store.RecordAsync(delivery, decision, reason, cancellationToken) is { } record
            ? (record, null)
            : (null, HooksFunction.NoHook);
}
