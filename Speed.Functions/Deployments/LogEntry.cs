namespace Speed.Deployments;

/// <summary>A line or a gap. Together they are dense from 1.</summary>
public abstract record LogEntry
{
    /// <summary>The last line number within.</summary>
    public abstract long Last { get; }
}

/// <summary>One line of a deployment's log.</summary>
/// <param name="Text">Without its line feed. At most 16 KiB in UTF-8.</param>
/// <param name="Continues">True if the next line of the stream is the rest of this one.</param>
public sealed record LogLine(
    long N, DateTimeOffset At, DeploymentPhase Phase, LogStream Stream, string Text, bool Continues) : LogEntry
{
    public override long Last => N;
}

/// <summary>Lines that are not there.</summary>
/// <param name="From">The first missing line number.</param>
/// <param name="To">The last one. Where the count is unknown, the same as <paramref name="From"/>.</param>
/// <param name="Bytes">Their raw bytes, line feeds included; null where unknown.</param>
public sealed record LogGap(long From, long To, string Reason, long? Bytes) : LogEntry
{
    public override long Last => To;
}

public enum LogStream
{
    Stdout,
    Stderr,
    /// <summary>SPEED's own words.</summary>
    Speed,
}

/// <summary>Lines in order, stored together.</summary>
/// <param name="RawBytes">What the lines were before they were decoded, line feeds included.</param>
public sealed record LogChunk(IReadOnlyList<LogLine> Lines, long RawBytes);

/// <summary>A log's size and fingerprint.</summary>
/// <param name="Lines">Every line counted, dropped ones too.</param>
/// <param name="Bytes">Of the stored text with its line feeds, as hashed.</param>
/// <param name="Complete">Closed, without a gap.</param>
/// <param name="Sha256">Lower-case hex over the stored lines; null until closed.</param>
public sealed record LogSummary(long Lines, long Bytes, bool Complete, string? Sha256)
{
    /// <summary>Of a log that was never written, and may yet be.</summary>
    public static LogSummary Empty { get; } = new(0, 0, false, null);

    /// <summary>Of a deployment that ended before it had anything to say.</summary>
    public static LogSummary ClosedEmpty { get; } =
        new(0, 0, true, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
