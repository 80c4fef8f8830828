namespace Speed.Deployments;

/// <summary>Why a deployment ended other than by success, written for its owner.</summary>
/// <param name="Phase">Where it happened; null before the first phase.</param>
/// <param name="ExitCode">Of the program or build step; null where none exited.</param>
/// <param name="Message">What happened, to what. One sentence or two.</param>
/// <param name="Hint">The way out; null where there is none to give.</param>
/// <param name="LogLine">The log's line number that tells most; null where none does.</param>
public sealed record Failure(
    FailureCode Code, DeploymentPhase? Phase, int? ExitCode, string Message, string? Hint, long? LogLine);

/// <summary>
/// The deployment's own fault, or the platform's, found while it ran. Whoever throws it writes the message
/// and the hint for the deployment's owner; anything else that is thrown counts as <c>INTERNAL</c>.
/// </summary>
public sealed class DeploymentFailedException(
    FailureCode code, string message, string? hint = null, int? exitCode = null, Exception? inner = null)
    : Exception(message, inner)
{
    public FailureCode Code { get; } = code;

    public string? Hint { get; } = hint;

    public int? ExitCode { get; } = exitCode;

    /// <summary>The failure as recorded, in <paramref name="phase"/> and pointing at <paramref name="logLine"/>.</summary>
    public Failure ToFailure(DeploymentPhase? phase, long? logLine) => new(Code, phase, ExitCode, Message, Hint, logLine);

    /// <summary>The same in words that may be seen.</summary>
    public DeploymentFailedException Mask(Masker masker) =>
        new(Code, masker.Mask(Message), Hint is null ? null : masker.Mask(Hint), ExitCode, this);
}
