using Microsoft.AspNetCore.Http;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Which lines of a log are asked for. A gap is always among them: nobody knows what it had.</summary>
/// <param name="After">The number of the last line not wanted.</param>
/// <param name="Tail">So many of the last ones; null for all.</param>
/// <param name="Limit">So many at most; null for all.</param>
/// <param name="Search">What a line's text must have in it, whatever its case.</param>
internal sealed record LogQuery(
    long After, long? Tail, long? Limit, DeploymentPhase? Phase, LogStream? Stream, string? Search, bool Follow,
    LogFormat Format)
{
    private bool HasFilter => Phase is not null || Stream is not null || Search is not null;

    public static LogQuery Read(HttpRequest request, QueryReader query)
    {
        var asked = new LogQuery(
            query.Whole("after", missing: 0, least: 0, most: long.MaxValue),
            Optional(query, "tail"),
            Optional(query, "limit"),
            query.Word<DeploymentPhase>("phase"),
            query.Word<LogStream>("stream"),
            query.Text("q"),
            query.Flag("follow"),
            ReadFormat(request, query));
        return asked.Format == LogFormat.Sse && query.LastEventId(request) is { } last
            ? asked with { After = last, Tail = null }
            : asked;
    }

    /// <summary>The entries asked for, as they come.</summary>
    public async Task<IAsyncEnumerable<LogEntry>> ReadAsync(
        LogReader reader, ILogStore logs, long id, CancellationToken cancellationToken)
    {
        var after = await FindStartAsync(reader, logs, id, cancellationToken);
        var entries = reader.ReadAsync(id, after, Follow, cancellationToken);
        entries = HasFilter ? entries.Where(Wants) : entries;
        return Limit is { } limit ? entries.Take((int)Math.Min(limit, int.MaxValue)) : entries;
    }

    /// <summary>The last line before those asked for.</summary>
    public async Task<long> FindStartAsync(
        LogReader reader, ILogStore logs, long id, CancellationToken cancellationToken) =>
        Tail is { } tail ? await FindTailAsync(reader, logs, id, tail, cancellationToken) : After;

    /// <summary>Whether an entry is among those asked for, as far as it itself says.</summary>
    public bool Wants(LogEntry entry) => entry is not LogLine line
        || ((Phase is null || line.Phase == Phase)
            && (Stream is null || line.Stream == Stream)
            && (Search is null || line.Text.Contains(Search, StringComparison.OrdinalIgnoreCase)));

    // Looks for where the tail begins, and keeps line numbers only: a tail may be as large as the log.
    private async Task<long> FindTailAsync(
        LogReader reader, ILogStore logs, long id, long tail, CancellationToken cancellationToken)
    {
        if (!HasFilter)
        {
            return Math.Max(After, (await logs.SummarizeAsync(id, cancellationToken)).Lines - tail);
        }

        var (starts, previous) = (new Queue<long>(), After);
        await foreach (var entry in reader.ReadAsync(id, After, follow: false, cancellationToken))
        {
            if (Wants(entry))
            {
                starts.Enqueue(previous);
            }

            if (starts.Count > tail)
            {
                starts.Dequeue();
            }

            previous = entry.Last;
        }

        return starts.TryPeek(out var start) ? start : previous;
    }

    private static long? Optional(QueryReader query, string name) =>
        query.Text(name) is null ? null : query.Whole(name, missing: 0, least: 0, most: long.MaxValue);

    private static LogFormat ReadFormat(HttpRequest request, QueryReader query) => query.Text("format") switch
    {
        null => FindAccepted(request),
        "text" => LogFormat.Text,
        "ndjson" => LogFormat.Ndjson,
        "sse" => LogFormat.Sse,
        _ => query.Refuse("format", "must be text, ndjson or sse.", LogFormat.Text),
    };

    private static LogFormat FindAccepted(HttpRequest request)
    {
        var known =
            from accepted in request.GetTypedHeaders().Accept
            where accepted.Quality != 0
            let format = accepted.MediaType.Value?.ToLowerInvariant() switch
            {
                LogAnswer.Ndjson => LogFormat.Ndjson,
                EventStream.ContentType => LogFormat.Sse,
                "text/plain" => LogFormat.Text,
                _ => (LogFormat?)null,
            }
            where format is not null
            orderby accepted.Quality ?? 1 descending
            select format;
        return known.FirstOrDefault() ?? LogFormat.Text;
    }
}
