using System.Collections.Concurrent;
using Speed.Deployments;

namespace Speed.Tests;

/// <summary>Keeps the logs in memory, without a cap.</summary>
public sealed class MemoryLogStore : ILogStore
{
    private readonly ConcurrentDictionary<long, List<LogEntry>> _logs = new();

    /// <summary>The lines of a deployment's log so far, one string each.</summary>
    public IReadOnlyList<string> Lines(long deploymentId)
    {
        var log = Log(deploymentId);
        lock (log)
        {
            return [.. log.OfType<LogLine>().Select(line => line.Text)];
        }
    }

    public Task<long> OpenAsync(long deploymentId, CancellationToken cancellationToken) =>
        Task.FromResult(Log(deploymentId).LastOrDefault()?.Last ?? 0);

    public Task AppendAsync(long deploymentId, LogChunk chunk, CancellationToken cancellationToken) =>
        Add(deploymentId, chunk.Lines);

    public Task AppendGapAsync(long deploymentId, LogGap gap, CancellationToken cancellationToken) =>
        Add(deploymentId, [gap]);

    public Task<LogSummary> CloseAsync(long deploymentId, CancellationToken cancellationToken) =>
        SummarizeAsync(deploymentId, cancellationToken);

    public Task<LogSummary> SummarizeAsync(long deploymentId, CancellationToken cancellationToken) =>
        Task.FromResult(LogSummary.Empty with { Lines = Log(deploymentId).LastOrDefault()?.Last ?? 0 });

    public Task<IReadOnlyDictionary<long, LogSummary>> SummarizeAsync(
        IReadOnlyCollection<long> deploymentIds, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<LogEntry>> ReadAsync(long deploymentId, long after, CancellationToken cancellationToken)
    {
        var log = Log(deploymentId);
        lock (log)
        {
            return Task.FromResult<IReadOnlyList<LogEntry>>([.. log.Where(entry => entry.Last > after)]);
        }
    }

    public Task<IReadOnlyList<ClosedLog>> ListClosedAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> RemoveLinesAsync(long deploymentId, string reason, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task ForgetAsync(long deploymentId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ShrinkAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string> CopyToAsync(string folder, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private List<LogEntry> Log(long deploymentId) => _logs.GetOrAdd(deploymentId, _ => []);

    private Task Add(long deploymentId, IEnumerable<LogEntry> entries)
    {
        var log = Log(deploymentId);
        lock (log)
        {
            log.AddRange(entries);
        }

        return Task.CompletedTask;
    }
}
