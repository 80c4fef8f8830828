namespace Speed.Dockerfiles;

/// <summary>What no Dockerfile may ask for, whoever wrote it.</summary>
internal static class DockerfileRules
{
    /// <summary>
    /// Throws <see cref="Deployments.FailureCode.DockerfileRefused"/> at the first instruction that asks for too much, or
    /// whose flags cannot be told.
    /// </summary>
    /// <param name="origin">Where they come from, for example <c>the Dockerfile</c>.</param>
    public static void Check(IEnumerable<Instruction> instructions, string origin)
    {
        foreach (var instruction in instructions.Select(instruction => instruction.Trigger ?? instruction))
        {
            if (instruction.HasUnclearFlags && instruction.Keyword is "FROM" or "COPY" or "ADD" or "RUN")
            {
                throw DockerfileRefusal.Of(
                    $"{instruction.Keyword} on line {instruction.Line} of {origin} has a flag with characters beyond ASCII, "
                    + "which Docker takes apart",
                    "Write its flags in ASCII alone.");
            }

            var refused = instruction.Keyword == "RUN" ? instruction.Flags.FirstOrDefault(IsTooMuch) : null;
            if (refused is not null)
            {
                throw DockerfileRefusal.Of(
                    $"RUN --{refused.Name}={refused.Value} on line {instruction.Line} of {origin} is not allowed: "
                    + "a build step gets neither the host's network nor its devices nor more rights",
                    "Take the flag away.");
            }
        }
    }

    private static bool IsTooMuch(Flag flag) => flag.Name is "security" or "device"
        || (flag.Name == "network" && flag.Value?.Value is not ("default" or "none"));
}
