namespace Speed.Cli;

/// <summary>
/// Why what was asked for was not done: a sentence or some for who asked, with the way out, and the exit code.
/// </summary>
internal sealed class SpeedException(string message, int exitCode, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>True where SPEED was not reached, or is about to start or to stop: worth another try.</summary>
    public bool MayPass { get; init; }

    /// <summary>What was given cannot be used.</summary>
    public static SpeedException Refused(string message) => new(message, Cli.ExitCode.Refused);
}
