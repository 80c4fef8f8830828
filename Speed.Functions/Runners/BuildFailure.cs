using System.Globalization;
using System.Text.RegularExpressions;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>What is known of a build that failed.</summary>
/// <param name="Reason">The builder's own words.</param>
/// <param name="Step">Null where no step had begun.</param>
/// <param name="Dockerfile">As it was built, or was to be.</param>
internal sealed record FailedBuild(string Reason, string? Step, Engine Engine, Builder Builder, Dockerfile Dockerfile)
{
    /// <summary>Where the builder tells it apart from its words.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Whether RUN steps had one.</summary>
    public bool HasNetwork { get; init; } = true;

    /// <summary>What the step itself said.</summary>
    public BuildSigns Signs { get; init; }

    /// <summary>For people.</summary>
    public string BuilderName => Builder == Builder.Legacy
        ? $"the legacy builder of Docker {Engine.Version}"
        : $"Docker {Engine.Version}";

    /// <summary>The step as an instruction; null where none is known.</summary>
    public Instruction? Instruction { get; } = Step is null
        ? null
        : Dockerfile.Parse($"FROM x\n{WithoutPosition(Step)}").Instructions.ElementAtOrDefault(1);

    /// <summary>Begins a sentence.</summary>
    public string Where => Step is null ? "The build" : $"Build step `{WithoutPosition(Step)}`";

    public bool Says(string words) => Reason.Contains(words, StringComparison.OrdinalIgnoreCase);

    /// <summary>True if the step has such a <c>--mount</c>.</summary>
    public bool Mounts(string type) => Instruction is { } instruction
        && instruction.FlagsOf("mount").Any(flag => flag.Value?.Value.Split(',').Contains($"type={type}") == true);

    // "[builder 2/3] RUN make" is "RUN make" to the Dockerfile's owner.
    private static string WithoutPosition(string step) =>
        step.StartsWith('[') && step.IndexOf("] ", StringComparison.Ordinal) is > 0 and var end ? step[(end + 2)..] : step;
}

/// <summary>Tells a failed build's owner what failed and what to do.</summary>
internal static partial class BuildFailure
{
    private const int KilledBySignal9 = 137;

    /// <summary>Of a file that no engine reads as a Dockerfile.</summary>
    public static DeploymentFailedException From(DockerfileFault fault, Engine engine, Builder builder, Dockerfile dockerfile)
    {
        var build = new FailedBuild(
            $"dockerfile parse error on line {fault.Line}: {fault.Reason}", null, engine, builder, dockerfile);
        return fault.WayOut is { } wayOut ? Failed(build, wayOut) : From(build);
    }

    public static DeploymentFailedException From(FailedBuild build)
    {
        var code = build.ExitCode ?? ExitCodeIn(build.Reason);
        if (build.Says("no space left on device"))
        {
            return new DeploymentFailedException(
                FailureCode.DiskFull, $"{build.Where} failed: the engine's disk is full.",
                "Free space on the host, for example with `docker system df` and what it names, and deploy again.");
        }

        if (code == KilledBySignal9)
        {
            return new DeploymentFailedException(
                FailureCode.OutOfMemory, $"{build.Where} was killed (exit code 137), most likely for want of memory.",
                "Raise build_resources.memory_mb, or let the step use less: fewer jobs at once, for example.", code);
        }

        return code is { } number ? Exited(build, number)
            : UnknownForm.Find(build) ?? UnknownFlag(build) ?? (IsTooNew(build) ? TooNew(build) : Failed(build, BuildHint.For(build)));
    }

    private static DeploymentFailedException Exited(FailedBuild build, int code)
    {
        if (build.Signs.HasFlag(BuildSigns.ForeignProgram))
        {
            return new DeploymentFailedException(
                FailureCode.BuildFailed,
                $"{build.Where} failed with exit code {code}: a program of it is in a format that this machine, "
                + $"{build.Engine.Platform}, does not run (exec format error).",
                BuildHint.ForForeignProgram(build), code);
        }

        return new DeploymentFailedException(
            FailureCode.BuildFailed, $"{build.Where} failed with exit code {code}.",
            "The step's own output, just above in the log, says why."
            + (build.Mounts("secret") ? " No secret is mounted there: SPEED hands none to builds." : "")
            + (build.Mounts("ssh") ? " No SSH agent is there: SPEED hands none to builds." : "")
            + (build.Signs.HasFlag(BuildSigns.NoRepository)
                ? " A build has the files of the commit, and no .git: in the place of asking Git, declare ARG SOURCE_COMMIT or "
                    + "ARG SOURCE_BRANCH, which SPEED gives."
                : "")
            + (build.HasNetwork ? "" : " RUN steps have no network here, unless the operator sets "
                + "Speed__Docker__BuildNetwork to bridge."),
            code);
    }

    private static DeploymentFailedException Failed(FailedBuild build, string? hint) => new(
        FailureCode.BuildFailed, $"{build.Where} failed: {build.Reason.Trim()}", hint);

    // The parser names the line and the flag, and not the instruction.
    private static DeploymentFailedException? UnknownFlag(FailedBuild build)
    {
        if (Flag().Match(build.Reason) is not { Success: true } match)
        {
            return null;
        }

        var line = match.Groups["line"] is { Success: true } group ? int.Parse(group.Value, CultureInfo.InvariantCulture) : 0;
        var instruction = build.Dockerfile.Instructions.FirstOrDefault(one => one.Line == line);
        var where = instruction is null ? build.Where : $"{instruction.Keyword} on line {line} of the Dockerfile";
        var more = match.Groups["more"].Value.Trim();
        return new DeploymentFailedException(
            FailureCode.BuildFailed,
            $"{where} has the flag `--{match.Groups["flag"].Value}`, which {build.BuilderName} does not know"
            + (more.Length > 0 ? $" {more}." : "."),
            BuildHint.ForHandedOver(build) ?? (build.Builder == Builder.Legacy
                ? "Check its spelling. If it is one of BuildKit's, as --mount, --link and COPY's --chmod are: do without, or have the "
                    + "operator choose the standard sandbox."
                : "Check its spelling. If a newer Docker knows it: do without, or have the operator update this one. A line "
                    + "`# syntax=` does not help, since the engine's own frontend reads the file."));
    }

    private static DeploymentFailedException TooNew(FailedBuild build) => new(
        FailureCode.BuildFailed,
        $"{build.Where} failed: {build.Reason.Trim().TrimEnd('.')}. The Dockerfile seems to use what {build.BuilderName} does not know.",
        build.Builder == Builder.Legacy
            ? "The legacy builder knows no RUN --mount, COPY --chmod or --link, here-documents or $BUILDPLATFORM. "
                + "Do without them, or have the operator choose the standard sandbox."
            : "Here-documents need a newer engine: do without them, or have the operator update Docker.");

    private static bool IsTooNew(FailedBuild build) =>
        build.Says("requires BuildKit")
        || build.Says("requires the experimental")
        || build.Says("failed to parse platform")
        || (build.Dockerfile.HasHereDocuments && build.Says("unknown instruction"))
        || build.Says("heredoc");

    private static int? ExitCodeIn(string reason) => ExitCode().Match(reason) is { Success: true } match
        ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
        : null;

    [GeneratedRegex(@"(?:exit code|non-zero code): (\d{1,3})\b")]
    private static partial Regex ExitCode();

    [GeneratedRegex(
        @"(line (?<line>\d{1,6}): )?(unknown flag: (--)?(?<flag>[^\s()]+)(?<more> \(did you mean [^)]+\))?"
        + @"|the --(?<flag>\S+) option requires BuildKit)",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Flag();
}
