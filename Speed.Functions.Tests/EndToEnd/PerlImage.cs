using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>
/// An image with this machine's own perl and just what it needs to speak HTTP over a Unix socket, which busybox cannot.
/// </summary>
internal static partial class PerlImage
{
    public const string Name = "perl-of-speed-tests:latest";

    private const string ListFiles =
        """perl -MIO::Socket::UNIX -e 'print "$^X\n"; print "$_\n" for values %INC, @DynaLoader::dl_shared_objects'""";

    /// <summary>Makes the image under its name; afresh, since a test may have taken it away.</summary>
    public static async Task MakeAsync()
    {
        var files = (await ShellAsync(ListFiles)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var libraries = LibraryPath().Matches(await ShellAsync($"ldd {string.Join(' ', files.Where(IsBinary))}"));
        var all = files.Concat(libraries.Select(match => match.Value)).Distinct();
        // Whole paths as they are here, links followed.
        await ShellAsync(
            $"tar --create --dereference --absolute-names {string.Join(' ', all)} | docker import - {Name}");
    }

    private static bool IsBinary(string file) => file.EndsWith(".so", StringComparison.Ordinal) || !file.Contains('.');

    private static async Task<string> ShellAsync(string command)
    {
        var start = new ProcessStartInfo("sh", ["-ec", command]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, command);
        return output;
    }

    [GeneratedRegex(@"/[^\s:]+\.so[^\s:]*(?=\s)")]
    private static partial Regex LibraryPath();
}
