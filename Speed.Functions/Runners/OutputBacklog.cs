using System.Threading.Channels;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// What of a container's output was read and not yet taken. It fills, and then holds the engine back; but never
/// to a standstill, for an engine drops what it cannot pass on within two seconds of a program's end.
/// </summary>
internal sealed class OutputBacklog : IDisposable
{
    private const int ComfortableBytes = 1024 * 1024;
    private const int MostBytes = 16 * 1024 * 1024;
    private const int TrickleBytes = 64 * 1024;
    private static readonly TimeSpan TrickleEvery = TimeSpan.FromMilliseconds(100);

    private readonly Channel<(LogStream Stream, byte[] Bytes)> _pieces =
        Channel.CreateUnbounded<(LogStream, byte[])>(new() { SingleReader = true, SingleWriter = true });

    private readonly SemaphoreSlim _room = new(0);
    private int _bytes;
    private int _allowance;

    /// <summary>Waits for room; while there is none, lets some bytes through now and then.</summary>
    public async Task AddAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _bytes) is >= ComfortableBytes and var held && _allowance <= 0)
        {
            var hasRoom = await _room.WaitAsync(TrickleEvery, cancellationToken);
            _allowance = !hasRoom && held < MostBytes ? TrickleBytes : 0;
        }

        _allowance = Math.Max(0, _allowance - bytes.Length);
        Interlocked.Add(ref _bytes, bytes.Length);
        _pieces.Writer.TryWrite((stream, bytes.ToArray()));
    }

    /// <summary>Nothing more will be added.</summary>
    public void Complete() => _pieces.Writer.TryComplete();

    /// <summary>Hands everything on, in order, until it is complete.</summary>
    public async Task DrainAsync(OutputSink sink, CancellationToken cancellationToken)
    {
        await foreach (var (stream, bytes) in _pieces.Reader.ReadAllAsync(cancellationToken))
        {
            await sink(stream, bytes, cancellationToken);
            Interlocked.Add(ref _bytes, -bytes.Length);
            if (_room.CurrentCount == 0)
            {
                _room.Release();
            }
        }
    }

    public void Dispose() => _room.Dispose();
}
