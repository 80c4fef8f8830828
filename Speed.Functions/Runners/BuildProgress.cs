namespace Speed.Runners;

/// <summary>Reads what a builder says, writes it to the log, and remembers how it ended.</summary>
internal abstract class BuildProgress : IAsyncDisposable
{
    public string? ImageId { get; private set; }

    /// <summary>The builder's own words; null while nothing has failed.</summary>
    public string? Error { get; private set; }

    public int? ErrorCode { get; private set; }

    /// <summary>
    /// The step that failed, as the Dockerfile has it; null where none did or it is not known.
    /// </summary>
    public abstract string? FailedStep { get; }

    /// <summary>
    /// True if the step that failed, as far as it is known, said that the kernel does not know a program's format.
    /// </summary>
    public abstract bool SawForeignProgram { get; }

    public async ValueTask TakeAsync(BuildMessage message, CancellationToken cancellationToken)
    {
        ImageId = message.ImageId() ?? ImageId;
        if (message.Error is not null)
        {
            (Error, ErrorCode) = (message.Error, message.ErrorCode);
        }

        await WriteAsync(message, cancellationToken);
    }

    /// <summary>Writes what is left of the last lines.</summary>
    public abstract ValueTask DisposeAsync();

    // A runtime writes it in one piece.
    protected static bool IsForeignProgram(ReadOnlySpan<byte> output) => output.IndexOf("exec format error"u8) >= 0;

    protected abstract ValueTask WriteAsync(BuildMessage message, CancellationToken cancellationToken);
}
