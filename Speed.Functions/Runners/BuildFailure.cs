using System.Globalization;
using System.Text.RegularExpressions;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>Tells a failed build's owner what failed and what to do.</summary>
internal static partial class BuildFailure
{
    private const int KilledBySignal9 = 137;

    /// <param name="reason">The builder's own words.</param>
    /// <param name="step">Null where no step had begun.</param>
    /// <param name="exitCode">Where the builder tells it apart from its words.</param>
    /// <param name="hasNetwork">Whether RUN steps had one.</param>
    public static DeploymentFailedException From(
        string reason, string? step, int? exitCode, Engine engine, Builder builder, Dockerfile dockerfile,
        bool hasNetwork = true)
    {
        var code = exitCode ?? ExitCodeIn(reason);
        var where = step is null ? "The build" : $"Build step `{WithoutPosition(step)}`";
        if (reason.Contains("no space left on device", StringComparison.OrdinalIgnoreCase))
        {
            return new DeploymentFailedException(
                FailureCode.DiskFull, $"{where} failed: the engine's disk is full.",
                "Free space on the host, for example with `docker system df` and what it names, and deploy again.");
        }

        if (code == KilledBySignal9)
        {
            return new DeploymentFailedException(
                FailureCode.OutOfMemory, $"{where} was killed (exit code 137), most likely for want of memory.",
                "Raise build_resources.memory_mb, or let the step use less: fewer jobs at once, for example.", code);
        }

        if (code is { } number)
        {
            return new DeploymentFailedException(
                FailureCode.BuildFailed, $"{where} failed with exit code {number}.",
                "The step's own output, just above in the log, says why."
                + (hasNetwork ? "" : " RUN steps have no network here, unless the operator sets "
                    + "Speed__Docker__BuildNetwork to bridge."),
                code);
        }

        return IsTooNew(reason, dockerfile)
            ? TooNew(where, reason, engine, builder)
            : new DeploymentFailedException(
                FailureCode.BuildFailed, $"{where} failed: {reason.Trim()}", HintFor(reason));
    }

    private static DeploymentFailedException TooNew(string where, string reason, Engine engine, Builder builder) => new(
        FailureCode.BuildFailed,
        $"{where} failed: {reason.Trim()}. The Dockerfile seems to use what Docker {engine.Version}"
        + (builder == Builder.Legacy ? " with the legacy builder" : "") + " does not know.",
        builder == Builder.Legacy
            ? "The legacy builder knows no RUN --mount, COPY --chmod or --link, here-documents or $BUILDPLATFORM. "
                + "Do without them, or have the operator choose the standard sandbox."
            : "Here-documents and COPY --link, --parents or --exclude need a newer engine: do without them, or have "
                + "the operator update Docker.");

    private static bool IsTooNew(string reason, Dockerfile dockerfile) =>
        reason.Contains("unknown flag", StringComparison.OrdinalIgnoreCase)
        || reason.Contains("requires BuildKit", StringComparison.OrdinalIgnoreCase)
        || reason.Contains("requires the experimental", StringComparison.OrdinalIgnoreCase)
        || reason.Contains("unsupported modifier", StringComparison.OrdinalIgnoreCase)
        || reason.Contains("failed to parse platform", StringComparison.OrdinalIgnoreCase)
        || (dockerfile.HasHereDocuments && reason.Contains("unknown instruction", StringComparison.OrdinalIgnoreCase))
        || reason.Contains("heredoc", StringComparison.OrdinalIgnoreCase);

    private static string? HintFor(string reason) => reason switch
    {
        _ when reason.Contains("unknown instruction", StringComparison.OrdinalIgnoreCase) =>
            "Check the spelling of the instruction, and for a line that lacks its continuation; and that the file is a Dockerfile.",
        _ when reason.Contains("not found", StringComparison.OrdinalIgnoreCase)
            || reason.Contains("no such file", StringComparison.OrdinalIgnoreCase) =>
            "Paths of COPY and ADD are relative to the build context, which is the subdirectory; and .dockerignore "
            + "leaves files out of it.",
        _ when reason.Contains("session", StringComparison.OrdinalIgnoreCase) =>
            "Build secrets and SSH forwarding are not available in SPEED's builds.",
        _ => null,
    };

    // "[builder 2/3] RUN make" is "RUN make" to the Dockerfile's owner.
    private static string WithoutPosition(string step) =>
        step.StartsWith('[') && step.IndexOf("] ", StringComparison.Ordinal) is > 0 and var end ? step[(end + 2)..] : step;

    private static int? ExitCodeIn(string reason) => ExitCode().Match(reason) is { Success: true } match
        ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
        : null;

    [GeneratedRegex(@"(?:exit code|non-zero code): (\d{1,3})\b")]
    private static partial Regex ExitCode();
}
