using System.Text;

namespace Speed.Deployments;

/// <summary>
/// A deployment's log while it is being written: numbers the lines, and stores them in chunks as they fill, at
/// the latest a moment after the first line in them. A full chunk is stored before the next line is taken, so a
/// chatty container waits instead of filling the memory; it waits, too, while the store cannot be written.
/// </summary>
public sealed class DeploymentLog : IAsyncDisposable
{
    private const int ChunkBytes = 64 * 1024;
    private const int ChunkLines = 4096;
    private const int RememberedLines = 50;
    private static readonly TimeSpan FlushAfter = TimeSpan.FromMilliseconds(50);

    private readonly long _deploymentId;
    private readonly ILogStore _store;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly SemaphoreSlim _dirty = new(0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Queue<string> _lastLines = new();
    private readonly Task _flusher;
    private List<LogLine> _buffer = [];
    private int _bufferedBytes;
    private long _rawBytes;
    private long _lastN;
    private long _allBytes;

    private DeploymentLog(long deploymentId, ILogStore store, TimeProvider time, long lastN)
    {
        _deploymentId = deploymentId;
        _store = store;
        _time = time;
        _lastN = lastN;
        _flusher = FlushWhenDirtyAsync();
    }

    /// <summary>The phase that lines are written under.</summary>
    public DeploymentPhase Phase { get; set; }

    /// <summary>Masks whole texts; who writes bytes masks the stream first.</summary>
    public Masker Masker { get; set; } = Masker.None;

    /// <summary>The number of the last line written; 0 for none.</summary>
    public long LastN => Interlocked.Read(ref _lastN);

    /// <summary>What was written since it was opened.</summary>
    public long Bytes => Interlocked.Read(ref _allBytes);

    /// <summary>Up to fifty lines, the newest last.</summary>
    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_lastLines)
            {
                return [.. _lastLines];
            }
        }
    }

    public static async Task<DeploymentLog> OpenAsync(
        long deploymentId, ILogStore store, TimeProvider time, CancellationToken cancellationToken) =>
        new(deploymentId, store, time, await store.OpenAsync(deploymentId, cancellationToken));

    /// <summary>Adds SPEED's own words.</summary>
    public ValueTask SayAsync(string text, CancellationToken cancellationToken) =>
        WriteAsync(LogStream.Speed, text, cancellationToken);

    /// <summary>Adds one line; line breaks inside it make it several.</summary>
    public async ValueTask WriteAsync(LogStream stream, string text, CancellationToken cancellationToken)
    {
        await using var splitter = new LineSplitter(this, stream);
        await splitter.WriteAsync(Encoding.UTF8.GetBytes(Masker.Mask(text) + '\n'), cancellationToken);
    }

    /// <summary>Adds one line that is already cut to size.</summary>
    /// <param name="rawBytes">What it took before it was decoded, its line feed included.</param>
    internal async ValueTask AddAsync(
        LogStream stream, string text, bool continues, int rawBytes, CancellationToken cancellationToken)
    {
        var isStored = true;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            _buffer.Add(new LogLine(++_lastN, _time.GetUtcNow(), Phase, stream, text, continues));
            Remember(text);
            _bufferedBytes += rawBytes;
            _rawBytes += rawBytes;
            Interlocked.Add(ref _allBytes, rawBytes);
            if (_buffer.Count == 1)
            {
                _dirty.Release();
            }

            // SPEED's own words are few, and never wait: they come with an end, which must come whatever the store does.
            if (stream != LogStream.Speed && (_bufferedBytes >= ChunkBytes || _buffer.Count >= ChunkLines))
            {
                isStored = await TryAsync(StoreBufferAsync);
            }
        }
        finally
        {
            _gate.Release();
        }

        while (!isStored)
        {
            await Task.Delay(Retry.After, _time, cancellationToken);
            isStored = await TryAsync(FlushAsync);
        }
    }

    /// <summary>Notes that lines are missing from here on, their count and bytes unknown.</summary>
    public async Task NoteGapAsync(string reason, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await StoreBufferAsync();
            var n = _lastN + 1;
            await _store.AppendGapAsync(_deploymentId, new LogGap(n, n, reason, null), cancellationToken);
            _lastN = n;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Stores what is buffered.</summary>
    public async Task FlushAsync()
    {
        // Not cancelable: a line that was taken is stored.
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            await StoreBufferAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Stores the rest and closes the log for good.</summary>
    public async Task<LogSummary> CloseAsync()
    {
        await FlushAsync();
        return await _store.CloseAsync(_deploymentId, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _flusher;
        _closing.Dispose();
        _gate.Dispose();
        _dirty.Dispose();
    }

    private async Task FlushWhenDirtyAsync()
    {
        try
        {
            while (true)
            {
                await _dirty.WaitAsync(_closing.Token);
                await Task.Delay(FlushAfter, _time, _closing.Token);
                while (!await TryAsync(FlushAsync))
                {
                    await Task.Delay(Retry.After, _time, _closing.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Closed: whoever closes flushes.
        }
    }

    // False if the store cannot be written for now; the buffer then keeps its lines.
    private static async Task<bool> TryAsync(Func<Task> store)
    {
        try
        {
            await store();
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    private async Task StoreBufferAsync()
    {
        if (_buffer.Count == 0)
        {
            return;
        }

        await _store.AppendAsync(_deploymentId, new LogChunk(_buffer, _rawBytes), CancellationToken.None);
        _buffer = [];
        _bufferedBytes = 0;
        _rawBytes = 0;
    }

    private void Remember(string text)
    {
        lock (_lastLines)
        {
            _lastLines.Enqueue(text);
            if (_lastLines.Count > RememberedLines)
            {
                _lastLines.Dequeue();
            }
        }
    }
}
