using Speed.Deployments;

namespace Speed.Dockerfiles;

/// <summary>Names the variables that leave a hole in what a Dockerfile says.</summary>
internal static class UnsetVariables
{
    /// <summary>Of an image whose name has a hole.</summary>
    public static DeploymentFailedException Failure(string written, int line, IReadOnlyList<string> unset) => new(
        FailureCode.BuildFailed,
        $"`{written}` on line {line} of the Dockerfile names no image"
        + (unset.Count == 0 ? "." : $": {Enumerate(unset)} without a value."),
        "Give an ARG before the first FROM a default, or give the value in build_args.");

    /// <summary><c>`A` is</c>, or <c>`A` and `B` are</c>.</summary>
    public static string Enumerate(IReadOnlyList<string> names) =>
        string.Join(" and ", names.Select(name => $"`{name}`")) + (names.Count == 1 ? " is" : " are");
}
