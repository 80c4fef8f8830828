namespace Speed.Deployments;

/// <summary>Sends a container's output to the log, line by line, and to what its results are made of.</summary>
internal sealed class RunOutputSink(Life life) : IAsyncDisposable
{
    private readonly LineSplitter _stdout = new(life.Log, LogStream.Stdout);
    private readonly LineSplitter _stderr = new(life.Log, LogStream.Stderr);

    public ValueTask WriteAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        life.Output.Add(stream, bytes.Span);
        return LogAsync(stream, bytes, cancellationToken);
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
    }
}
