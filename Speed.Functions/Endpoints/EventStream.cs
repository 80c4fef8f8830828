using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>
/// One answer of server-sent events while it is written. It is over after twenty minutes, when SPEED stops and when its
/// client is gone; a client goes on by saying which event it had last. A reader that takes nothing for half a minute is
/// cut off, so that it holds up nothing but itself.
/// </summary>
internal sealed class EventStream : IDisposable
{
    public const string ContentType = "text/event-stream";

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // The Functions host cuts a connection that is silent for four minutes, and proxies do sooner.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private readonly HttpContext _context;
    private readonly PipeWriter _output;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _over;
    private long _writtenAt;

    public EventStream(HttpContext context, TimeProvider time, CancellationToken stopping)
    {
        (_context, _output, _time, _stopping) = (context, context.Response.BodyWriter, time, stopping);
        _timer = new CancellationTokenSource(Longest, time);
        _over = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, stopping, context.RequestAborted);
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        Write("retry: 1000\n\n");
    }

    /// <summary>Canceled once there is nothing more to be sent.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>The bytes that were written and not yet sent on. To be kept low: they are held for a slow reader.</summary>
    public long UnsentBytes => _output.UnflushedBytes;

    /// <param name="id">What the client says when it comes again; null for an event that does not count.</param>
    public void Write<T>(string name, T data, long? id = null)
    {
        Write($"event: {name}\ndata: ");
        Wire.Write(_output, data);

        // The id last: who reads line by line and is cut off within an event has not taken note of it.
        Write(id is null ? "\n\n" : $"\nid: {id}\n\n");
    }

    /// <summary>Sends what was written, or a comment where it has been silent for fifteen seconds.</summary>
    public async Task SendAsync()
    {
        if (UnsentBytes == 0 && _time.GetElapsedTime(_writtenAt) >= Silence)
        {
            Write(":\n\n");
        }

        // Not cancelable: half an event must not be the last thing sent. What cannot be sent is cut off.
        var sent = _output.FlushAsync(CancellationToken.None);
        if (!sent.IsCompletedSuccessfully)
        {
            using var patience = new CancellationTokenSource(Patience, _time);
            using var cut = patience.Token.Register(_context.Abort);
            using var stop = _stopping.Register(_context.Abort);
            await sent;
        }
    }

    /// <summary>Waits for a ring, and keeps the connection alive meanwhile. Comes back, too, when it is over.</summary>
    public async Task WaitAsync(Task ring)
    {
        while (!ring.IsCompleted && !Over.IsCancellationRequested)
        {
            using var awake = CancellationTokenSource.CreateLinkedTokenSource(Over);
            var silence = Silence - _time.GetElapsedTime(_writtenAt);
            var silent = Task.Delay(silence > TimeSpan.Zero ? silence : TimeSpan.Zero, _time, awake.Token);
            var isSilent = await Task.WhenAny(ring, silent) == silent;
            await awake.CancelAsync();
            if (isSilent && !Over.IsCancellationRequested)
            {
                await SendAsync();
            }
        }
    }

    public void Dispose()
    {
        _over.Dispose();
        _timer.Dispose();
    }

    private void Write(string text)
    {
        Encoding.UTF8.GetBytes(text, _output);
        _writtenAt = _time.GetTimestamp();
    }
}
