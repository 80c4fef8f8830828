using System.Globalization;

namespace Speed.Deployments;

/// <summary>Judges a program by its exit.</summary>
internal static class Verdict
{
    private const int SignalBase = 128;

    /// <summary>Null for success; else why it failed.</summary>
    public static DeploymentFailedException? Of(ContainerExit exit, Life life) => exit switch
    {
        { EngineRestarted: true } => new(
            FailureCode.DockerRestarted,
            "The Docker engine went away while the program ran, and the program with it.",
            "Deploy again; what the program did until then stays done.",
            exit.Code),
        { OutOfMemory: true, Code: not 0 } => new(
            FailureCode.OutOfMemory,
            $"The program needed more than its {life.Deployment.Options.Resources.MemoryMb} MB of memory and was killed.",
            "Allow more with `resources.memory_mb`.",
            exit.Code),
        { Code: 0 } => null,
        { Program: { } program } => new(
            FailureCode.ExitNonzero, $"{Describe(exit.Code)} {program.What}.", program.WayOut, exit.Code),
        _ => new(FailureCode.ExitNonzero, Describe(exit.Code), HintFor(exit.Code, life), exit.Code),
    };

    private static string Describe(int code)
    {
        var how = $"The program exited with code {code.ToString(CultureInfo.InvariantCulture)}";
        return SignalName(code) is { } signal ? $"{how}: it was ended by {signal}." : $"{how}.";
    }

    private static string? HintFor(int code, Life life)
    {
        if (life.Output.StderrMentions("Operation not permitted") || life.Output.StderrMentions("no new privileges"))
        {
            return "The container runs with few capabilities and without new privileges (profile `standard`); "
                + "the program may need one that is not given: ask for it with `cap_add`.";
        }

        return code switch
        {
            126 => "A shell says so of a command that it finds and cannot run; the last lines of the log name it.",
            127 => "A shell says so of a command that it does not find; the last lines of the log name it.",
            _ => "The last lines of the log say more.",
        };
    }

    // A shell reports a signal as 128 and its number; the engine does too.
    private static string? SignalName(int code) => (code - SignalBase) switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => null,
    };
}
