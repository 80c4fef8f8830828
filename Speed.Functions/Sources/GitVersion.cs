using System.ComponentModel;
using System.Text.RegularExpressions;

namespace Speed.Sources;

/// <summary>Whether the git on this machine will do.</summary>
internal static partial class GitVersion
{
    private static readonly Version Needed = new(2, 37);

    public static string NotFound => $"Git was not found on the PATH: install Git {Needed} or newer.";

    /// <summary>What is wrong with it and the way out, in a sentence; null if nothing is.</summary>
    public static async Task<string?> FindFaultAsync(GitOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return FindFault(await ReadAsync(options, cancellationToken));
        }
        catch (Win32Exception)
        {
            return NotFound;
        }
    }

    /// <summary>Its own words.</summary>
    public static async Task<string> ReadAsync(GitOptions options, CancellationToken cancellationToken) =>
        await new Git(options, Path.GetTempPath()).AskAsync(cancellationToken, "--version") ?? "no version";

    internal static string? FindFault(string answer)
    {
        var match = Number().Match(answer);
        return match.Success && Version.Parse(match.Value) >= Needed
            ? null
            : $"Git {Needed} or newer is needed, and `git --version` says `{answer}`: update it.";
    }

    [GeneratedRegex(@"\d+\.\d+")]
    private static partial Regex Number();
}
