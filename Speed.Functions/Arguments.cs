namespace Speed;

/// <summary>What may stand behind the program's name where it serves by itself.</summary>
internal static class Arguments
{
    private const string Usage =
        "SPEED serves, by the settings of the environment, without any argument or with settings such as --Speed:MaxRunning=4. "
        + "--restore BACKUP restores a backup instead, --health asks a SPEED of the same settings whether it answers.";

    public static bool AreForHelp(string[] args) => args is ["--help" or "-h" or "-?" or "help"];

    /// <summary>
    /// What to say instead of serving; null where all of them are settings. One that is none is a slip: to serve all the same
    /// would be something else than was asked for.
    /// </summary>
    public static string? FindFault(string[] args)
    {
        if (AreForHelp(args))
        {
            return Usage;
        }

        for (var n = 0; n < args.Length; n++)
        {
            var (name, value) = Split(args[n]);
            if (!IsSetting(name))
            {
                return $"'{args[n]}' is no argument. {Usage}";
            }

            if (value is null && ++n == args.Length)
            {
                return $"'{name}' has no value. {Usage}";
            }
        }

        return null;
    }

    private static (string Name, string? Value) Split(string argument) =>
        argument.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (argument[..at], argument[(at + 1)..]) : (argument, null);

    // As the environment has them, or with colons; those of the Functions host too.
    private static bool IsSetting(string name)
    {
        var bare = name.TrimStart('-', '/');
        return bare.Contains(':', StringComparison.Ordinal) || bare.Contains("__", StringComparison.Ordinal)
            || bare.Equals("AzureWebJobsScriptRoot", StringComparison.OrdinalIgnoreCase)
            || bare.Equals("DOCKER_HOST", StringComparison.OrdinalIgnoreCase);
    }
}
