using System.Text.RegularExpressions;
using Docker.DotNet;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Tells a container's owner why it did not start.</summary>
internal static partial class StartFailure
{
    public static DeploymentFailedException From(DockerApiException exception) => new(
        FailureCode.ContainerStartFailed,
        $"The container did not start: {exception.Reason.TrimEnd('.')}.",
        HintFor(exception.Reason),
        inner: exception);

    /// <summary>
    /// Behind an init the engine's start succeeds, and it is the init that finds no program to run.
    /// </summary>
    public static void ThrowIfInitFailed(int exitCode, string firstStderr)
    {
        if (exitCode is 126 or 127 && InitFailed().Match(firstStderr) is { Success: true } match)
        {
            var reason = match.Groups[1].Value;
            throw new DeploymentFailedException(
                FailureCode.ContainerStartFailed, $"The container did not start: {reason}.", HintFor(reason), exitCode);
        }
    }

    [GeneratedRegex(@"^\[FATAL tini \(\d+\)\] (exec .+ failed: .+)")]
    private static partial Regex InitFailed();

    private static string HintFor(string reason) => reason switch
    {
        _ when Says(reason, "executable file not found") || (Says(reason, "exec ") && Says(reason, "failed: No such file")) =>
            "The image has no such program on its PATH: check CMD, ENTRYPOINT and `command`. An image FROM scratch "
            + "has no shell; use the form in brackets.",
        _ when Says(reason, "no such file or directory") =>
            "The program, or the interpreter that its first line names, is not in the image: check the path, and the "
            + "file for Windows line ends.",
        _ when Says(reason, "permission denied") =>
            "The program may not be executed: add `RUN chmod +x` for it in the Dockerfile.",
        _ when Says(reason, "exec format error") =>
            "The program is built for another processor, or is a script without `#!` in its first line.",
        _ when Says(reason, "port is already allocated") || Says(reason, "address already in use") =>
            "Another program of this host has the port: leave `host` out of `ports`, or end that program.",
        _ when Says(reason, "no command specified") =>
            "The image has neither CMD nor ENTRYPOINT: add one, or send `command`.",
        _ => "Check CMD, ENTRYPOINT and `command`.",
    };

    private static bool Says(string reason, string words) => reason.Contains(words, StringComparison.OrdinalIgnoreCase);
}
