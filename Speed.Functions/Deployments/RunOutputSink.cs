namespace Speed.Deployments;

/// <summary>
/// Masks a container's output, and sends it to the log, line by line, and to what its results are made of.
/// </summary>
internal sealed class RunOutputSink(Life life, TimeProvider time) : IAsyncDisposable
{
    private readonly LineSplitter _stdout = new(life.Log, LogStream.Stdout);
    private readonly LineSplitter _stderr = new(life.Log, LogStream.Stderr);
    private readonly StreamMask _stdoutMask = new(life.Log.Masker);
    private readonly StreamMask _stderrMask = new(life.Log.Masker);
    private volatile bool _dropped;

    public ValueTask WriteAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        WriteMaskedAsync(stream, Collect(stream, bytes), cancellationToken);

    /// <summary>
    /// To what results are made of alone. Gives what is for the log: masked, as far as that can be told by now.
    /// </summary>
    public ReadOnlyMemory<byte> Collect(LogStream stream, ReadOnlyMemory<byte> bytes) =>
        CollectMasked(stream, MaskOf(stream).Add(bytes));

    /// <summary>To the log alone: what is masked already.</summary>
    public ValueTask LogAsync(LogStream stream, ReadOnlyMemory<byte> masked, CancellationToken cancellationToken) =>
        (stream == LogStream.Stderr ? _stderr : _stdout).WriteAsync(masked, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (life.Interruption.Cause == InterruptionCause.Stopping)
        {
            // A begun line is read again, whole, by whoever adopts the container.
            return;
        }

        await EndAsync(LogStream.Stdout);
        await EndAsync(LogStream.Stderr);
        await _stdout.DisposeAsync();
        await _stderr.DisposeAsync();
        if (_dropped)
        {
            await Retry.UntilDoneAsync(NoteGapAsync, time, life.Interruption.Stopping);
        }
    }

    private StreamMask MaskOf(LogStream stream) => stream == LogStream.Stderr ? _stderrMask : _stdoutMask;

    private ReadOnlyMemory<byte> CollectMasked(LogStream stream, ReadOnlyMemory<byte> masked)
    {
        life.Output.Add(stream, masked.Span);
        return masked;
    }

    private ValueTask WriteMaskedAsync(
        LogStream stream, ReadOnlyMemory<byte> masked, CancellationToken cancellationToken)
    {
        if (life.Interruption.Cause != InterruptionCause.DiskFull)
        {
            return LogAsync(stream, masked, cancellationToken);
        }

        // The little room that is left is for the end.
        _dropped |= !masked.IsEmpty;
        return ValueTask.CompletedTask;
    }

    // Not cancelable: the stream has ended, and its last bytes belong to the log.
    private ValueTask EndAsync(LogStream stream) => WriteMaskedAsync(
        stream, CollectMasked(stream, MaskOf(stream).End()), CancellationToken.None);

    private async Task<bool> NoteGapAsync()
    {
        await life.Log.NoteGapAsync("the disk was full", CancellationToken.None);
        return true;
    }
}
