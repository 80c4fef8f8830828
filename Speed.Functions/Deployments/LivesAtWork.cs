using System.Collections.Concurrent;

namespace Speed.Deployments;

/// <summary>The lives that are at something, for whoever must stop one of them. Those that wait for room are not among them.</summary>
public sealed class LivesAtWork
{
    private readonly ConcurrentDictionary<long, (Life Life, long Order)> _lives = new();
    private long _entered;

    /// <summary>Those that began first come first.</summary>
    internal IReadOnlyList<Life> All => [.. _lives.Values.OrderBy(one => one.Order).Select(one => one.Life)];

    internal bool Has(long id) => _lives.ContainsKey(id);

    internal void Enter(Life life) => _lives[life.Deployment.Id] = (life, Interlocked.Increment(ref _entered));

    /// <summary>Idempotent.</summary>
    internal void Leave(long id) => _lives.TryRemove(id, out _);
}
