using System.Text.RegularExpressions;
using Docker.DotNet;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Tells a container's owner why it did not start: by the engine's words, and by what was seen of its program.</summary>
internal static partial class StartFailure
{
    /// <param name="program">What is wrong with the program's file; null where nothing was seen.</param>
    /// <param name="holder">Who has the port that it wants, as a sentence; null where that was not seen.</param>
    public static DeploymentFailedException From(DockerApiException exception, ProgramFault? program, string? holder) => new(
        FailureCode.ContainerStartFailed,
        Tell(exception.Reason, program),
        program?.WayOut ?? HintFor(exception.Reason, holder),
        inner: exception);

    /// <summary>
    /// The words of who was to run the program and could not, an init or the runtime itself: the engine's start has
    /// succeeded by then. Null where it was run.
    /// </summary>
    /// <param name="program">As the container names it.</param>
    public static string? WordsOfInit(int exitCode, string firstStderr, string program) =>
        exitCode is 126 or 127 && InitFailed().Match(firstStderr) is { Success: true } init ? init.Groups[1].Value
        : exitCode is 1 or 255 && RuntimeFailed().Match(firstStderr) is { Success: true } runtime && runtime.Groups["program"].Value == program
            ? runtime.Value
            : null;

    public static DeploymentFailedException OfInit(string words, int exitCode, ProgramFault? program) => new(
        FailureCode.ContainerStartFailed, Tell(words, program), program?.WayOut ?? HintFor(words, holder: null), exitCode);

    /// <summary>True where the engine says that a port of the host is not to be had.</summary>
    public static bool IsOfPort(string reason) => Says(reason, "port is already allocated") || Says(reason, "address already in use");

    private static string Tell(string reason, ProgramFault? program) => program is null
        ? $"The container did not start: {reason.TrimEnd('.')}."
        : $"The container did not start: {reason.TrimEnd('.')}. {program.What}.";

    [GeneratedRegex(@"^\[FATAL tini \(\d+\)\] (exec .+ failed: .+)")]
    private static partial Regex InitFailed();

    // runc, libcontainer/system/linux.go, Exec: its last act.
    [GeneratedRegex(@"^exec (?<program>.+): (no such file or directory|exec format error|permission denied)$", RegexOptions.Multiline)]
    private static partial Regex RuntimeFailed();

    // Only what the words themselves say; where they do not say it, there is no hint.
    private static string? HintFor(string reason, string? holder) => reason switch
    {
        _ when Says(reason, "executable file not found") =>
            "The image has no such program on its PATH: check CMD, ENTRYPOINT and `command`. An image FROM scratch "
            + "has no shell; use the form in brackets.",
        _ when IsOfPort(reason) =>
            $"{holder ?? "Something that is no container of this engine has the port."} Leave `host` out of `ports`, or end it.",
        _ when Says(reason, "no command specified") =>
            "The image has neither CMD nor ENTRYPOINT: add one, or send `command`.",
        _ => null,
    };

    private static bool Says(string reason, string words) => reason.Contains(words, StringComparison.OrdinalIgnoreCase);
}
