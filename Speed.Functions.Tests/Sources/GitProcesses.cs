using System.Text;

namespace Speed.Tests.Sources;

/// <summary>The git processes of this machine, for tests that want none to be left.</summary>
internal static class GitProcesses
{
    /// <summary>Command lines of those that have this text in their command line or environment.</summary>
    public static IReadOnlyList<string> Naming(string text) =>
    [
        .. Directory.GetDirectories("/proc")
            .Where(folder => int.TryParse(Path.GetFileName(folder), out _))
            .Select(folder => (Command: Read(folder, "cmdline"), Environment: Read(folder, "environ")))
            .Where(process => process.Command.Contains("git") && (process.Command + process.Environment).Contains(text))
            .Select(process => process.Command),
    ];

    private static string Read(string folder, string name)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, name))).Replace('\0', ' ');
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is somebody else's.
            return "";
        }
    }
}
