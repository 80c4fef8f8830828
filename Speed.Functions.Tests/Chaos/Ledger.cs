using System.Collections.Concurrent;
using Speed.Deployments;

namespace Speed.Tests.Chaos;

/// <summary>What SPEED acknowledged, as its clients remember it.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<long, LedgerEntry> _entries = new();
    private readonly ConcurrentQueue<string> _surprises = new();
    private int _acknowledged;

    public ICollection<LedgerEntry> Entries => _entries.Values;

    /// <summary>Answers that no client should ever get.</summary>
    public IReadOnlyCollection<string> Surprises => _surprises;

    /// <summary>How many writes were acknowledged.</summary>
    public int Acknowledged => _acknowledged;

    public LedgerEntry? Find(long id) => _entries.GetValueOrDefault(id);

    public LedgerEntry Add(long id, Job job)
    {
        var entry = new LedgerEntry(id, job);
        if (!_entries.TryAdd(id, entry))
        {
            Surprise($"The id {id} was given twice.");
        }

        Count();
        return entry;
    }

    public void Count() => Interlocked.Increment(ref _acknowledged);

    public void Surprise(string what) => _surprises.Enqueue(what);
}

/// <summary>One deployment, as the one client that speaks of it remembers it.</summary>
internal sealed class LedgerEntry(long id, Job job)
{
    public long Id { get; } = id;

    public Job Job { get; } = job;

    /// <summary>In the order in which they were sent.</summary>
    public List<Report> Reports { get; } = [];

    /// <summary>The word of an end that was answered with "changed".</summary>
    public DeploymentStatus? Declared { get; set; }
}

/// <summary>A result that a client sent.</summary>
internal sealed record Report(string Value)
{
    /// <summary>False: the answer never came, and the result may be there or not.</summary>
    public bool IsAcknowledged { get; set; }
}
