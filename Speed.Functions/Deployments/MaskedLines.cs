namespace Speed.Deployments;

/// <summary>Masks one stream of bytes, and cuts it into the lines of a log. Dispose it to write the rest.</summary>
public sealed class MaskedLines(DeploymentLog log, LogStream stream) : IAsyncDisposable
{
    private readonly StreamMask _mask = new(log.Masker);
    private readonly LineSplitter _lines = new(log, stream);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _lines.WriteAsync(_mask.Add(bytes), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // Not cancelable: the stream has ended, and its last bytes belong to the log.
        await _lines.WriteAsync(_mask.End(), CancellationToken.None);
        await _lines.DisposeAsync();
    }
}
