using System.Collections.Concurrent;

namespace Speed.Deployments;

/// <summary>
/// Says "look again" and nothing else. Take the next ring before looking, look, and only then wait for it:
/// so no change is missed.
/// </summary>
public sealed class Bell
{
    /// <summary>Rings whenever something enters the queue or falls due sooner.</summary>
    public const long Queue = 0;

    /// <summary>Rings whenever there is less room on a disk than before, or more.</summary>
    public const long Disk = -1;

    /// <summary>Rings whenever a deployment has changed.</summary>
    public const long Changes = -2;

    /// <summary>Rings whenever something is due to be told to others, or an attempt to tell it has ended.</summary>
    public const long Deliveries = -3;

    private readonly ConcurrentDictionary<long, TaskCompletionSource> _waiting = new();

    /// <summary>Completes at the next ring for a deployment's id, or for one of the names above.</summary>
    public Task Next(long id) =>
        _waiting.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Ring(long id)
    {
        if (_waiting.TryRemove(id, out var waiting))
        {
            waiting.SetResult();
        }
    }
}
