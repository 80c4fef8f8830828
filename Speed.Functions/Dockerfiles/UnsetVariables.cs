using Speed.Deployments;

namespace Speed.Dockerfiles;

/// <summary>Names the variables that leave a hole in what a Dockerfile says.</summary>
internal static class UnsetVariables
{
    private const string WayOutBeforeFrom =
        "Give an ARG before the first FROM a default, or declare one there and give its value in build_args.";

    /// <summary>Of an image whose name has a hole.</summary>
    public static DeploymentFailedException Failure(string written, int line, IReadOnlyList<string> unset) => new(
        FailureCode.BuildFailed,
        $"`{written}` on line {line} of the Dockerfile names no image"
        + (unset.Count == 0 ? "." : $": {Enumerate(unset)} without a value."),
        WayOutBeforeFrom);

    /// <summary>Of a word that wants a value for a name, by <c>${name:?error}</c>.</summary>
    /// <param name="error">What the word says of it, or the parser in its place.</param>
    public static DeploymentFailedException Required(
        Instruction instruction, string written, string name, string error) => new(
            FailureCode.BuildFailed,
            $"{instruction.Keyword} on line {instruction.Line} of the Dockerfile wants a value for `{name}`, and it has none: "
            + $"`{written}` ({error}).",
            instruction.Keyword == "FROM" ? WayOutBeforeFrom : WayOutInStage(name));

    /// <summary>For a variable that a stage lacks.</summary>
    public static string WayOutInStage(string name) =>
        $"Declare `ARG {name}` in the stage, before that line; and give it a default there, or its value in build_args.";

    /// <summary><c>`A` is</c>, or <c>`A` and `B` are</c>.</summary>
    public static string Enumerate(IReadOnlyList<string> names) =>
        string.Join(" and ", names.Select(name => $"`{name}`")) + (names.Count == 1 ? " is" : " are");
}
