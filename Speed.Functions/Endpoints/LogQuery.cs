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

    public static LogQuery Read(HttpRequest request, QueryReader query) => new(
        query.Whole("after", missing: 0, least: 0, most: long.MaxValue),
        Optional(query, "tail"),
        Optional(query, "limit"),
        query.Word<DeploymentPhase>("phase"),
        query.Word<LogStream>("stream"),
        query.Text("q"),
        query.Flag("follow"),
        ReadFormat(request, query));

    /// <summary>The entries asked for, as they come.</summary>
    public async Task<IAsyncEnumerable<LogEntry>> ReadAsync(
        LogReader reader, ILogStore logs, long id, CancellationToken cancellationToken)
    {
        var after = Tail is { } tail ? await FindTailAsync(reader, logs, id, tail, cancellationToken) : After;
        var entries = reader.ReadAsync(id, after, Follow, cancellationToken);
        entries = HasFilter ? entries.Where(Wants) : entries;
        return Limit is { } limit ? entries.Take((int)Math.Min(limit, int.MaxValue)) : entries;
    }

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

    private bool Wants(LogEntry entry) => entry is not LogLine line
        || ((Phase is null || line.Phase == Phase)
            && (Stream is null || line.Stream == Stream)
            && (Search is null || line.Text.Contains(Search, StringComparison.OrdinalIgnoreCase)));

    private static long? Optional(QueryReader query, string name) =>
        query.Text(name) is null ? null : query.Whole(name, missing: 0, least: 0, most: long.MaxValue);

    private static LogFormat ReadFormat(HttpRequest request, QueryReader query)
    {
        var format = query.Text("format");
        if (format is not (null or "text" or "ndjson"))
        {
            query.Refuse("format", "must be text or ndjson; there are no others in this version.");
        }

        var asked = format ?? (Accepts(request, LogAnswer.Ndjson) ? "ndjson" : "text");
        return asked == "ndjson" ? LogFormat.Ndjson : LogFormat.Text;
    }

    private static bool Accepts(HttpRequest request, string type) =>
        request.GetTypedHeaders().Accept.Any(
            accepted => accepted.Quality != 0 && accepted.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase));
}
