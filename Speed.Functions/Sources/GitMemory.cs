using System.Diagnostics;
using System.Globalization;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// Holds a git command, and each program that it starts, to the memory that it may take: a pack of some hundred KiB can
/// describe an object of gigabytes. By <c>prlimit</c>; where that is not there, git runs without a limit.
/// </summary>
internal sealed class GitMemory(GitOptions options)
{
    private const string Setting = "Speed__Git__MemoryMb";

    // Git's own words, its libraries' and the kernel's: LANG fixes them.
    private static readonly string[] Words =
        ["Out of memory", "out of memory", "Cannot allocate memory", "mmap failed", "unable to create thread"];

    private static readonly string Threads = Math.Min(4, Environment.ProcessorCount).ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// What keeps an honest repository, however large, far below the limit: packs are looked at through small windows, and
    /// each thread counts with its stack.
    /// </summary>
    public static IReadOnlyList<string> Settings { get; } =
    [
        "core.packedGitWindowSize=16m", "core.packedGitLimit=256m", "core.deltaBaseCacheLimit=64m", $"pack.threads={Threads}",
    ];

    /// <summary>What the doctor says of it.</summary>
    public Finding Finding => options.LimitProgram is not null
        ? new Finding("git memory", $"{options.MemoryMb:N0} MiB at most ({Setting})")
        : new Finding(
            "git memory",
            $"not limited: there is no prlimit on the PATH, without which {Setting} does not hold.",
            OperatingSystem.IsLinux() ? "Install util-linux, which has it, and start SPEED again." : null);

    /// <summary>The git program with these arguments, under the limit where there can be one.</summary>
    public ProcessStartInfo Command(IEnumerable<string> arguments) =>
        // A git that is not there is told by whoever starts it, and not by prlimit.
        options.LimitProgram is { } program && FindProgram("git") is not null
            ? new ProcessStartInfo(program, [$"--as={(long)options.MemoryMb << 20}", "--", "git", .. arguments])
            : new ProcessStartInfo("git", arguments);

    /// <summary>Throws <c>REPO_TOO_LARGE</c> if that is why a command failed.</summary>
    public void Require(GitExit exit)
    {
        if (options.LimitProgram is not null && !exit.IsSuccess && Words.Any(exit.Says))
        {
            throw new DeploymentFailedException(
                FailureCode.RepoTooLarge,
                $"Git needs more memory for this repository than the {options.MemoryMb:N0} MiB that it may take ({Setting}).",
                "Leave very large files out of the repository, and branches and tags that nobody needs; or have the operator "
                    + "allow more.");
        }
    }

    /// <summary>Where a program is by the PATH; null if it is nowhere.</summary>
    public static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
