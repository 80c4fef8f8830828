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

    /// <summary>What the step that failed, as far as it is known, said.</summary>
    public abstract BuildSigns Signs { get; }

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

    // Whoever writes one of these does so in one piece.
    protected static BuildSigns SignsIn(ReadOnlySpan<byte> output) =>
        (output.IndexOf("exec format error"u8) >= 0 ? BuildSigns.ForeignProgram : BuildSigns.None)
        | (output.IndexOf("fatal: not a git repository"u8) >= 0 ? BuildSigns.NoRepository : BuildSigns.None);

    protected abstract ValueTask WriteAsync(BuildMessage message, CancellationToken cancellationToken);
}

/// <summary>What a step's output tells of why it failed.</summary>
[Flags]
internal enum BuildSigns
{
    None = 0,

    /// <summary>The kernel does not know the format of a program.</summary>
    ForeignProgram = 1,

    /// <summary>Git was asked where there is no repository.</summary>
    NoRepository = 2,
}
