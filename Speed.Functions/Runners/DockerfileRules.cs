using Speed.Deployments;

namespace Speed.Runners;

/// <summary>What no Dockerfile may ask for, whoever wrote it.</summary>
internal static class DockerfileRules
{
    /// <summary>
    /// Throws <see cref="FailureCode.DockerfileRefused"/> at the first instruction that asks for too much.
    /// </summary>
    public static void Check(IEnumerable<Instruction> instructions, string origin)
    {
        foreach (var instruction in instructions.Select(instruction => instruction.Triggered()))
        {
            if (instruction.Keyword != "RUN")
            {
                continue;
            }

            var refused = instruction.Flags.FirstOrDefault(flag =>
                flag.Name == "security" || (flag.Name == "network" && flag.Value is not ("default" or "none")));
            if (refused.Name is not null)
            {
                throw new DeploymentFailedException(
                    FailureCode.DockerfileRefused,
                    $"RUN --{refused.Name}={refused.Value} on line {instruction.Line} of {origin} is not allowed: "
                    + "a build step gets neither the host's network nor more rights.",
                    "Take the flag away.");
            }
        }
    }
}
