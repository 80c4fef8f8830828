namespace Speed.Deployments;

/// <summary>Holds a container's output back until it is known what of it is new; the container waits meanwhile.</summary>
internal sealed class HeldOutput
{
    // Beyond it the container waits.
    private const int MostBytes = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<OutputSink> _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<LogStream, MemoryStream> _held = [];
    private bool _taken;

    /// <summary>True once the container had to wait.</summary>
    public bool IsFull { get; private set; }

    /// <summary>How many bytes of each stream were held so far.</summary>
    public IReadOnlyDictionary<LogStream, long> Lengths
    {
        get
        {
            lock (_lock)
            {
                return _held.ToDictionary(stream => stream.Key, stream => stream.Value.Length);
            }
        }
    }

    /// <summary>How many bytes were held so far.</summary>
    public long Sum => Lengths.Values.Sum();

    public async ValueTask WriteAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (Hold(stream, bytes.Span))
        {
            return;
        }

        var sink = await _released.Task.WaitAsync(cancellationToken);
        await sink(stream, bytes, cancellationToken);
    }

    /// <summary>Gives what was held so far.</summary>
    public IReadOnlyDictionary<LogStream, byte[]> Look()
    {
        lock (_lock)
        {
            return _held.ToDictionary(stream => stream.Key, stream => stream.Value.ToArray());
        }
    }

    /// <summary>Gives what was held so far. What comes after it waits for the release.</summary>
    public IReadOnlyDictionary<LogStream, byte[]> Take()
    {
        lock (_lock)
        {
            _taken = true;
            return Look();
        }
    }

    /// <summary>From here on all goes to <paramref name="sink"/>.</summary>
    public void Release(OutputSink sink) => _released.SetResult(sink);

    private bool Hold(LogStream stream, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            IsFull |= !_taken && _held.Values.Sum(held => held.Length) >= MostBytes;
            if (_taken || IsFull)
            {
                return false;
            }

            if (!_held.TryGetValue(stream, out var held))
            {
                _held.Add(stream, held = new MemoryStream());
            }

            held.Write(bytes);
            return true;
        }
    }
}
