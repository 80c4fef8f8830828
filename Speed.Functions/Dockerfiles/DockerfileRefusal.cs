using Speed.Deployments;

namespace Speed.Dockerfiles;

/// <summary>What SPEED says of a Dockerfile that it does not build.</summary>
internal static class DockerfileRefusal
{
    /// <param name="what">Begins the sentence: what stands where, and what is wrong with it. Without a full stop.</param>
    public static DeploymentFailedException Of(string what, string wayOut) =>
        new(FailureCode.DockerfileRefused, $"{what}.", wayOut);

    public static DeploymentFailedException Of(Instruction instruction, string what, string wayOut) =>
        Of($"{instruction.Keyword} on line {instruction.Line} of the Dockerfile {what}", wayOut);

    /// <summary>A way out, and another where RUN steps have a network to do it with.</summary>
    /// <param name="first">Without a full stop.</param>
    /// <param name="deed">For example "fetch the file".</param>
    public static string OrInRunStep(string first, string deed, bool hasNetwork) =>
        hasNetwork ? $"{first}, or {deed} in a RUN step." : $"{first}.";

    /// <summary>What an image or a source hangs on, and nobody knows before the build.</summary>
    public static DeploymentFailedException Unknown(string written, int line) => Of(
        $"`{written}` on line {line} of the Dockerfile cannot be resolved before the build",
        "Use ${name}, ${name:-default} or ${name:+value}, and give what they need a value that does not hang on a pattern.");
}
