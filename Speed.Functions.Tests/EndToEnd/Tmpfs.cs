using System.Diagnostics;

namespace Speed.Tests.EndToEnd;

/// <summary>A small disk of a test's own. Needs root on Linux.</summary>
internal sealed class Tmpfs : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("speed-disk-").FullName;

    public Tmpfs(int mebibytes) => Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", _folder);

    public static bool IsAvailable => OperatingSystem.IsLinux() && Environment.UserName == "root";

    public string Data => Path.Combine(_folder, "data");

    /// <summary>Writes until there is only so much room left.</summary>
    public void Fill(long leaving = 0)
    {
        var zeros = new byte[64 * 1024];
        using var file = new FileStream(Path.Combine(_folder, "filler"), FileMode.Append);
        try
        {
            while (new DriveInfo(_folder).AvailableFreeSpace > leaving)
            {
                file.Write(zeros);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full to the last page.
        }
    }

    public void Free() => File.Delete(Path.Combine(_folder, "filler"));

    public void Dispose()
    {
        Run("umount", _folder);
        Directory.Delete(_folder);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new IOException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
