namespace Speed.Deployments;

/// <summary>Sends a container's output to the log, line by line, and to what its results are made of.</summary>
internal sealed class RunOutputSink(Life life, TimeProvider time) : IAsyncDisposable
{
    private readonly LineSplitter _stdout = new(life.Log, LogStream.Stdout);
    private readonly LineSplitter _stderr = new(life.Log, LogStream.Stderr);
    private volatile bool _dropped;

    public ValueTask WriteAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        life.Output.Add(stream, bytes.Span);
        if (life.Interruption.Cause != InterruptionCause.DiskFull)
        {
            return LogAsync(stream, bytes, cancellationToken);
        }

        // The little room that is left is for the end.
        _dropped = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>To the log alone.</summary>
    public ValueTask LogAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        (stream == LogStream.Stderr ? _stderr : _stdout).WriteAsync(bytes, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (life.Interruption.Cause == InterruptionCause.Stopping)
        {
            // A begun line is read again, whole, by whoever adopts the container.
            return;
        }

        await _stdout.DisposeAsync();
        await _stderr.DisposeAsync();
        if (_dropped)
        {
            await Retry.UntilDoneAsync(NoteGapAsync, time, life.Interruption.Stopping);
        }
    }

    private async Task<bool> NoteGapAsync()
    {
        await life.Log.NoteGapAsync("the disk was full", CancellationToken.None);
        return true;
    }
}
