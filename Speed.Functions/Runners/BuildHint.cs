using System.Text.RegularExpressions;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>The way out of a failed build. Each is given only where its cause was seen.</summary>
internal static partial class BuildHint
{
    /// <summary>Null where nothing is known.</summary>
    public static string? For(FailedBuild build)
    {
        if (LateFlagOf(build) is var (keyword, flag))
        {
            return $"`{flag}` stands behind the paths, and is taken for a path there: flags come first, as in "
                + $"`{keyword} {flag} source destination`.";
        }

        if (Required().Match(build.Reason) is { Success: true } match && IsRequired(match))
        {
            return UnsetVariables.WayOutInStage(match.Groups["name"].Value);
        }

        return build switch
        {
            _ when build.Says("source can't be a URL for COPY") =>
                "COPY takes files of the build context alone. "
                + (build.Builder == Builder.Legacy
                    ? "Put the file into the repository."
                    : "Write ADD to have an address fetched, or put the file into the repository."),
            _ when build.Says("unknown instruction") =>
                "Check the spelling of the instruction, and for a line that lacks its continuation; and that the file is a Dockerfile.",
            _ when (build.Mounts("secret") && build.Says("not found")) || (build.Mounts("ssh") && build.Says("ssh")) =>
                ForHandedOver(build),
            _ when build.Says("not found") || build.Says("no such file") || build.Says("file does not exist") => ForMissingFile(build),
            _ when build.Says("session") => "Build secrets and SSH forwarding are not available in SPEED's builds.",
            _ => null,
        };
    }

    /// <summary>Of a step that wants a secret or an SSH agent; null for any other.</summary>
    public static string? ForHandedOver(FailedBuild build) => build switch
    {
        _ when build.Mounts("secret") =>
            "SPEED hands no secrets to builds. What the program needs when it runs comes with `secrets` into its "
            + "environment; what the build needs can be in build_args, which whoever has the image can read.",
        _ when build.Mounts("ssh") =>
            "SPEED hands no SSH keys to builds. Make a repository that the build needs a submodule of the deployed one, and "
            + "deploy with `submodules`.",
        _ => null,
    };

    public static string ForForeignProgram(FailedBuild build)
    {
        var own = build.Engine.Platform;
        foreach (var from in build.Dockerfile.Stages.Select(stage => stage.From))
        {
            if (from.FlagsOf("platform").LastOrDefault()?.Value?.Value is { } platform
                && !platform.Contains('$', StringComparison.Ordinal) && !platform.StartsWith(own, StringComparison.Ordinal))
            {
                return $"FROM on line {from.Line} asks for --platform={platform}, and this machine is {own}: take the flag away, "
                    + $"or build on an image for {own}.";
            }
        }

        return $"Take images and programs that are made for {own}. A script needs `#!` and its interpreter in the first line.";
    }

    private static string? ForMissingFile(FailedBuild build) => build.Instruction switch
    {
        { Keyword: "COPY" } copy when copy.FlagsOf("from").LastOrDefault()?.Value is { } from =>
            $"Sources of that COPY are paths in `{from}`, from its root.",
        { Keyword: "COPY" or "ADD" } =>
            "Paths of COPY and ADD are relative to the build context, which is the subdirectory; and .dockerignore "
            + "leaves files out of it.",
        { Keyword: "RUN" } run when run.FlagsOf("mount").Any() =>
            "What a RUN --mount takes from must be in the build context, which is the subdirectory, or in the stage or image that "
            + "its `from` names.",
        _ => null,
    };

    // An engine that counts the sources first names neither the line nor the step.
    private static (string Keyword, string Flag)? LateFlagOf(FailedBuild build)
    {
        var suspects = build.Instruction is { } one ? [one]
            : build.Says("with more than one source file") ? build.Dockerfile.Instructions
            : [];
        return suspects.Where(instruction => instruction.LateFlag is not null)
            .Select(instruction => ((string, string)?)(instruction.Keyword, instruction.LateFlag!))
            .FirstOrDefault();
    }

    private static bool IsRequired(Match match)
    {
        var (word, name) = (match.Groups["word"].Value, match.Groups["name"].Value);
        return word.Contains($"${{{name}?", StringComparison.Ordinal) || word.Contains($"${{{name}:?", StringComparison.Ordinal);
    }

    // moby/buildkit, frontend/dockerfile/shell/lex.go, processDollar.
    [GeneratedRegex("failed to process \"(?<word>.+)\": (?<name>[A-Za-z_][A-Za-z0-9_]*): ",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Required();
}
