namespace Speed.Deployments;

/// <summary>
/// Foresees when those that wait will start, if each deployment takes as long as its like usually did: an estimate, and
/// none behind too many of which nothing is known.
/// </summary>
internal static class QueueForecast
{
    /// <summary>By id, those of which something can be said.</summary>
    /// <param name="running">Those that hold a slot.</param>
    /// <param name="waiting">In the order in which they start, but for those whose caller has as many slots as one may.</param>
    /// <param name="mostOfCaller">How many slots one caller may hold; null for any number.</param>
    public static IReadOnlyDictionary<long, DateTimeOffset> Of(
        IReadOnlyList<QueuedDeployment> running, IEnumerable<QueuedDeployment> waiting, int slots, int? mostOfCaller,
        DateTimeOffset now)
    {
        var starts = new Dictionary<long, DateTimeOffset>();
        var left = new LinkedList<QueuedDeployment>(waiting);
        var shares = new SlotShares(running, mostOfCaller);
        var ends = EndsOf(running, now);

        // Below zero where there are more of them than slots, after the operator allowed fewer: the first to end make no room.
        for (var free = slots - running.Count; left.Count > 0;)
        {
            while (free > 0 && FindNext(left, shares) is { } next)
            {
                left.Remove(next);
                free--;
                shares.Take(next.Value);
                starts.Add(next.Value.Id, now);
                if (next.Value.Usual is { } usual)
                {
                    ends.Enqueue(next.Value, now + usual);
                }
            }

            if (!ends.TryDequeue(out var ended, out now))
            {
                break;
            }

            free++;
            shares.Leave(ended);
        }

        return starts;
    }

    private static LinkedListNode<QueuedDeployment>? FindNext(LinkedList<QueuedDeployment> left, SlotShares shares)
    {
        var next = left.First;
        while (next is not null && !shares.MayStart(next.Value))
        {
            next = next.Next;
        }

        return next;
    }

    // One that may take any time has no end. Past its usual time it may end any moment.
    private static PriorityQueue<QueuedDeployment, DateTimeOffset> EndsOf(
        IReadOnlyList<QueuedDeployment> running, DateTimeOffset now)
    {
        var ends = new PriorityQueue<QueuedDeployment, DateTimeOffset>();
        foreach (var deployment in running)
        {
            if (deployment.StartedAt + deployment.Usual is { } end)
            {
                ends.Enqueue(deployment, end > now ? end : now);
            }
        }

        return ends;
    }
}
