using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// Tells the changes of all deployments that a caller sees, as server-sent events. First <c>snapshot</c>: how those that
/// are not over stand, in as many events as it takes; the last of them carries the id to come again with. Then
/// <c>change</c> for each change, its id its number. Who comes again with an id gets the changes since; if those are no
/// longer kept, or the id is of another database, first <c>reset</c> and then a snapshot: what is not in it is over,
/// or gone. A change may be told that the snapshot had already: its version says so.
/// </summary>
public sealed class DeploymentEvents(IEventStore store, Bell bell)
{
    /// <param name="last">The last event that the client had; null if it comes for the first time.</param>
    internal async Task TellAsync(EventStream stream, Caller caller, long? last)
    {
        var after = last ?? await TellSnapshotAsync(stream, caller);
        if (after > await store.LastEventAsync(stream.Over))
        {
            after = await ResetAsync(stream, caller);
        }

        while (!stream.Over.IsCancellationRequested)
        {
            // Ring before look, or a change between the two would be missed.
            var ring = bell.Next(Bell.Changes);
            while (await store.ReadEventsAsync(after, stream.Over) is { Count: > 0 } page)
            {
                after = page[0].Seq == after + 1
                    ? Tell(stream, caller, page)
                    : await ResetAsync(stream, caller);
                await stream.SendAsync();
                stream.Over.ThrowIfCancellationRequested();
            }

            await stream.SendAsync();
            await stream.WaitAsync(ring);
        }
    }

    // Gives the number of the last.
    private static long Tell(EventStream stream, Caller caller, IReadOnlyList<DeploymentEvent> page)
    {
        foreach (var change in page.Where(change => caller.SeesRepository(change.Identity)))
        {
            stream.Write("change", ChangeView.Of(change), change.Seq);
        }

        return page[^1].Seq;
    }

    private Task<long> ResetAsync(EventStream stream, Caller caller)
    {
        stream.Write("reset", new ResetView("The changes since that id are not kept: here is how things stand now."));
        return TellSnapshotAsync(stream, caller);
    }

    // Gives the number of the last event before it.
    private async Task<long> TellSnapshotAsync(EventStream stream, Caller caller)
    {
        // Before the deployments: what changes meanwhile is told after them, and not left out.
        var last = await store.LastEventAsync(stream.Over);
        var page = await store.ListOpenAsync(0, stream.Over);
        while (true)
        {
            var next = page.Count == 0 ? page : await store.ListOpenAsync(page[^1].DeploymentId, stream.Over);
            var seen = page.Where(open => caller.SeesRepository(open.Identity)).Select(ChangeView.Of);
            var isLast = next.Count == 0;
            stream.Write("snapshot", new SnapshotView([.. seen], More: !isLast), isLast ? last : null);
            await stream.SendAsync();
            if (isLast)
            {
                return last;
            }

            page = next;
        }
    }
}

/// <summary>What the event <c>change</c> says.</summary>
/// <param name="At">Of the change; within a snapshot, when the deployment was created.</param>
public sealed record ChangeView(
    long DeploymentId, long Version, string Status, DeploymentPhase? Phase, DateTimeOffset At)
{
    internal static ChangeView Of(DeploymentEvent change) =>
        new(change.DeploymentId, change.Version, change.Status.ToString(), change.Phase, change.At);
}

/// <summary>What the event <c>snapshot</c> says.</summary>
/// <param name="More">True if another one follows with the rest.</param>
public sealed record SnapshotView(IReadOnlyList<ChangeView> Deployments, bool More);

/// <summary>What the event <c>reset</c> says.</summary>
public sealed record ResetView(string Reason);
