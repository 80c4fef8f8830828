namespace Speed.Deployments;

/// <summary>
/// Foresees when those that wait will start, if each deployment takes as long as its like usually did: an estimate, and
/// none behind too many of which nothing is known.
/// </summary>
internal static class QueueForecast
{
    /// <summary>By id, those of which something can be said.</summary>
    /// <param name="running">Those that hold a slot.</param>
    /// <param name="waiting">In the order in which they start.</param>
    public static IReadOnlyDictionary<long, DateTimeOffset> Of(
        IReadOnlyList<QueuedDeployment> running, IEnumerable<QueuedDeployment> waiting, int slots, DateTimeOffset now)
    {
        var free = FreeSlots(running, slots, now);
        var starts = new Dictionary<long, DateTimeOffset>();
        foreach (var next in waiting)
        {
            if (!free.TryDequeue(out var start, out _))
            {
                break;
            }

            starts.Add(next.Id, start);
            if (next.Usual is { } usual)
            {
                free.Enqueue(start + usual, start + usual);
            }
        }

        return starts;
    }

    // When slots become free. One with a deployment that may take any time is not among them.
    private static PriorityQueue<DateTimeOffset, DateTimeOffset> FreeSlots(
        IReadOnlyList<QueuedDeployment> running, int slots, DateTimeOffset now)
    {
        var free = new PriorityQueue<DateTimeOffset, DateTimeOffset>();
        foreach (var deployment in running)
        {
            if (deployment.StartedAt + deployment.Usual is { } end)
            {
                // Past its usual time it may end any moment.
                free.Enqueue(end > now ? end : now, end > now ? end : now);
            }
        }

        for (var slot = running.Count; slot < slots; slot++)
        {
            free.Enqueue(now, now);
        }

        // More of them than slots, after the operator allowed fewer: the first to end make no room.
        for (var tooMany = running.Count - slots; tooMany > 0 && free.Count > 0; tooMany--)
        {
            free.Dequeue();
        }

        return free;
    }
}
