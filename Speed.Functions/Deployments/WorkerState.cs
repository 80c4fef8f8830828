using System.Collections.Concurrent;

namespace Speed.Deployments;

/// <summary>What the worker is at, for whoever asks why something waits. It decides nothing.</summary>
public sealed class WorkerState
{
    private readonly ConcurrentDictionary<long, byte> _running = new();
    private volatile string? _fault;

    /// <summary>What this process is called in the record of what it lives.</summary>
    public string Owner { get; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>Why nothing can be started; null if it can.</summary>
    public string? Fault
    {
        get => _fault;
        set => _fault = value;
    }

    /// <summary>The ids of the deployments that hold a slot, in order.</summary>
    public IReadOnlyList<long> Running => [.. _running.Keys.Order()];

    public void Enter(long id) => _running[id] = 0;

    public void Leave(long id) => _running.TryRemove(id, out _);
}
