using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>A variable in a Dockerfile that stands in a form which the builder does not know.</summary>
internal static partial class UnknownForm
{
    /// <summary>Null where it was not that.</summary>
    public static DeploymentFailedException? Find(FailedBuild build)
    {
        if (Words().Match(build.Reason) is not { Success: true } match)
        {
            return null;
        }

        var written = match.Groups["word"].Value;
        return new DeploymentFailedException(
            FailureCode.BuildFailed,
            $"{build.Where} failed: {build.BuilderName} does not know the form of `{written}` ({match.Groups["fault"].Value}).",
            Sign().Match(written).Groups["sign"].Value switch
            {
                "-" or "+" or "?" => "Write it with a colon: ${name:-default}, ${name:+value} or ${name:?error}.",
                "#" or "%" or "/" => "Patterns in braces need a newer engine. Let a RUN step's shell work the value out, give it in "
                    + "build_args, or have the operator update Docker.",
                _ => "Use ${name}, ${name:-default}, ${name:+value} or ${name:?error}.",
            });
    }

    // moby/buildkit, frontend/dockerfile/shell/lex.go, processDollar.
    [GeneratedRegex(
        "failed to process \"(?<word>.+)\": (?<fault>missing ':' in substitution|unsupported modifier \\(.+\\) in substitution)",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Words();

    [GeneratedRegex(@"\$\{\w+(?<sign>[-+?#%/])", RegexOptions.CultureInvariant)]
    private static partial Regex Sign();
}
