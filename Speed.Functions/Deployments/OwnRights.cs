using System.IO.Enumeration;
using System.Runtime.InteropServices;

namespace Speed.Deployments;

/// <summary>
/// Keeps other accounts out of what SPEED makes. A SPEED of before made its folder 0755 and its databases 0644; those
/// are put right at the next start.
/// </summary>
internal static class OwnRights
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const int StatxBytes = 256;
    private const int CurrentFolder = -100;
    private const int ThroughLinks = 0;
    private const int NotThroughLinks = 0x100;
    private const uint OwnersAndType = 0x1 | 0x2 | 0x8 | 0x10;
    private const int TypeMask = 0xF000;
    private const int Folder = 0x4000;

    // All that SPEED, now or before, puts into its data directory.
    private static readonly string[] Made =
    [
        "deployments.db*", "logs.db*", "speed.lock", "ballast", "*.key", "*.key.new", "migration", "known_hosts", "backups", "git",
        "report", "restore.part", "restoring-*", "replaced-*",
        // A mount point of its own has it.
        "lost+found",
    ];

    /// <summary>The number of the account that SPEED runs as, for a sentence; a container's has no name outside of it.</summary>
    public static string InBrackets => OperatingSystem.IsWindows() ? "" : $" (user {EffectiveUser()})";

    /// <summary>From here on every file of this process, and of those that it starts, is its user's alone.</summary>
    public static void MakeFilesPrivate()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Umask((uint)Others);
        }
    }

    /// <summary>
    /// Takes from other accounts their rights to the databases in the folder, and to the folder where all in it is
    /// SPEED's. A folder with something else in it, such as <c>/tmp</c>, may be needed by others: it is left, and the
    /// doctor names it. Keys are left as well: the start is refused over one that others may read, for they may have.
    /// Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    /// <returns>The paths that were put right.</returns>
    public static IReadOnlyList<string> PutRight(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return [];
        }

        var right = new List<string>();
        foreach (var path in FilesOf(folder).Where(IsOpenToOthers))
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~Others);
            right.Add(path);
        }

        return right;
    }

    /// <summary>
    /// Whether a path is a folder, no link to one, that this user owns and nobody else may write: one that another
    /// account made in a folder for all, to see or to change what SPEED puts there, is not.
    /// </summary>
    public static bool IsOwnFolder(string path)
    {
        const UnixFileMode WrittenByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        // The folder for temporary files is this user's alone on Windows and macOS.
        return !OperatingSystem.IsLinux()
            || (IsOwnedByThisUser(path, out var isFolder) && isFolder && (File.GetUnixFileMode(path) & WrittenByOthers) == 0);
    }

    /// <summary>Whether another account than its owner's has any right to a file or folder.</summary>
    public static bool IsOpenToOthers(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0;

    /// <summary>The number of the group of a file, links followed; on Linux only. Throws <see cref="IOException"/>.</summary>
    public static uint GroupOf(string path)
    {
        Span<byte> found = stackalloc byte[StatxBytes];
        Look(path, ThroughLinks, found);
        return MemoryMarshal.Read<uint>(found[24..]);
    }

    private static IEnumerable<string> FilesOf(string folder)
    {
        foreach (var database in new[] { "deployments.db*", "logs.db*" })
        {
            foreach (var file in Directory.GetFiles(folder, database))
            {
                yield return file;
            }
        }

        if (IsAllMade(folder))
        {
            yield return folder;
        }
    }

    private static bool IsAllMade(string folder) => Directory.EnumerateFileSystemEntries(folder).All(path =>
        Made.Any(name => FileSystemName.MatchesSimpleExpression(name, Path.GetFileName(path), ignoreCase: false)));

    private static bool IsOwnedByThisUser(string path, out bool isFolder)
    {
        Span<byte> found = stackalloc byte[StatxBytes];
        Look(path, NotThroughLinks, found);
        isFolder = (MemoryMarshal.Read<ushort>(found[28..]) & TypeMask) == Folder;
        return MemoryMarshal.Read<uint>(found[20..]) == EffectiveUser();
    }

    private static void Look(string path, int flags, Span<byte> found)
    {
        if (Statx(CurrentFolder, path, flags, OwnersAndType, ref MemoryMarshal.GetReference(found)) != 0)
        {
            throw new IOException($"{path} cannot be looked at (errno {Marshal.GetLastPInvokeError()}).");
        }
    }

    [DllImport("libc", EntryPoint = "umask")]
    private static extern uint Umask(uint mask);

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint EffectiveUser();

    // Unlike stat's, the struct of statx(2) is the same on every architecture: stx_uid at 20, stx_gid at 24, stx_mode at 28.
    [DllImport("libc", EntryPoint = "statx", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int Statx(int folder, string path, int flags, uint wanted, ref byte found);
}
