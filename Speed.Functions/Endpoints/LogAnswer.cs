using Microsoft.AspNetCore.Http;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>What a log is written as.</summary>
internal enum LogFormat
{
    Text,
    Ndjson,
    /// <summary>Server-sent events, always followed to the end.</summary>
    Sse,
}

/// <summary>A log on its way to a client: each entry is sent as soon as the next one has to be waited for.</summary>
public sealed class LogAnswer : IResult
{
    internal const string Ndjson = "application/x-ndjson";

    private const int FlushBytes = 64 * 1024;

    private readonly IAsyncEnumerable<LogEntry> _entries;
    private readonly LogFormat _format;
    private readonly OpenStreams? _streams;
    private readonly CancellationToken _end;

    /// <param name="streams">Where it has to have a place; null for one that does not wait for lines to come.</param>
    /// <param name="end">Ends the answer early but whole: SPEED stops.</param>
    internal LogAnswer(
        IAsyncEnumerable<LogEntry> entries, LogFormat format, OpenStreams? streams, CancellationToken end)
    {
        (_entries, _format, _streams, _end) = (entries, format, streams, end);
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (place, refusal) = _streams?.Open(httpContext.Request.Caller()) ?? (null, null);
        if (refusal is not null)
        {
            await refusal.ExecuteAsync(httpContext);
            return;
        }

        using var held = place;

        var response = httpContext.Response;
        response.ContentType = _format == LogFormat.Ndjson ? Ndjson : "text/plain; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";

        using var end = CancellationTokenSource.CreateLinkedTokenSource(_end, httpContext.RequestAborted);
        try
        {
            await WriteAsync(response, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client is gone, or SPEED stops: either way nothing more is sent.
        }
    }

    private async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        await using var entries = _entries.GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            var next = entries.MoveNextAsync();
            if (!next.IsCompleted || response.BodyWriter.UnflushedBytes > FlushBytes)
            {
                // Not cancelable: the next entry is under way, and must be awaited. A dead connection ends it too.
                await response.BodyWriter.FlushAsync(CancellationToken.None);
            }

            if (!await next)
            {
                return;
            }

            LogLines.Write(response.BodyWriter, entries.Current, _format);
        }
    }
}
