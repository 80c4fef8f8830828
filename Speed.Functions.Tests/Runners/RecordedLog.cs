using Speed.Deployments;

namespace Speed.Tests.Runners;

/// <summary>A log kept in memory, to be read back by tests of runners.</summary>
internal sealed class RecordedLog : ILogStore
{
    private readonly Lock _gate = new();
    private readonly List<LogEntry> _entries = [];

    public IReadOnlyList<LogEntry> Entries
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries];
            }
        }
    }

    public IReadOnlyList<string> Lines => [.. Entries.OfType<LogLine>().Select(line => line.Text)];

    public string Text => string.Join('\n', Lines);

    public Task<long> OpenAsync(long deploymentId, CancellationToken cancellationToken) => Task.FromResult(0L);

    public Task AppendAsync(long deploymentId, LogChunk chunk, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _entries.AddRange(chunk.Lines);
        }

        return Task.CompletedTask;
    }

    public Task AppendGapAsync(long deploymentId, LogGap gap, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _entries.Add(gap);
        }

        return Task.CompletedTask;
    }

    public Task<LogSummary> CloseAsync(long deploymentId, CancellationToken cancellationToken) =>
        Task.FromResult(LogSummary.Empty);

    public Task<LogSummary> SummarizeAsync(long deploymentId, CancellationToken cancellationToken) =>
        Task.FromResult(LogSummary.Empty);

    public Task<IReadOnlyDictionary<long, LogSummary>> SummarizeAsync(
        IReadOnlyCollection<long> deploymentIds, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<LogEntry>> ReadAsync(long deploymentId, long after, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<LogEntry>>([.. Entries.Where(entry => entry.Last > after)]);

    public Task<IReadOnlyList<ClosedLog>> ListClosedAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> RemoveLinesAsync(long deploymentId, string reason, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task ForgetAsync(long deploymentId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ShrinkAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string> CopyToAsync(string folder, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
