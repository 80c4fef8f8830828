using System.Globalization;

namespace Speed.Deployments;

/// <summary>
/// The folder <c>backups</c> of the data directory. A copy gets its name once all of it is on the disk: what is under
/// a name is whole.
/// </summary>
public sealed class BackupFolder(DataFolder data)
{
    private const string Unfinished = ".part";
    private const string BySchedule = "scheduled-";
    private const string BeforeMigration = "before-";
    private const string TimeFormat = "yyyy-MM-dd'T'HH-mm-ss.fff'Z'";

    public string FullPath { get; } = Path.Combine(data.FullPath, "backups");

    /// <summary>What a copy made at this time is called.</summary>
    public static string NameOf(BackupKind kind, DateTimeOffset at) =>
        (kind == BackupKind.Scheduled ? BySchedule : "") + Stamp(at);

    /// <summary>A time as part of a file's name, in UTC, to be sorted as text.</summary>
    public static string Stamp(DateTimeOffset at) =>
        at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>
    /// Has <paramref name="copyInto"/> write into a new folder, and names it once it is on the disk. Gives its path.
    /// Leaves nothing if that throws.
    /// </summary>
    public async Task<string> AddAsync(string name, Func<string, Task> copyInto)
    {
        CreateOwn(FullPath);
        var folder = Path.Combine(FullPath, name);
        var part = folder + Unfinished;
        RemoveUnfinished(part);
        CreateOwn(part);
        try
        {
            await copyInto(part);
            Flush(part);
            Directory.Move(part, folder);
            FolderSync.Flush(FullPath);
            FolderSync.Flush(data.FullPath);
            return folder;
        }
        catch
        {
            RemoveUnfinished(part);
            throw;
        }
    }

    /// <summary>The copies by time, the newest first.</summary>
    public IReadOnlyList<BackupEntry> List() => Directory.Exists(FullPath)
        ? [.. new DirectoryInfo(FullPath).EnumerateDirectories().Select(Read).OfType<BackupEntry>()
            .OrderByDescending(copy => copy.MadeAt)]
        : [];

    /// <summary>Removes it with all in it; a crash in the middle leaves nothing that looks like a copy.</summary>
    public static void Remove(BackupEntry copy)
    {
        Directory.Move(copy.FullPath, copy.FullPath + Unfinished);
        Directory.Delete(copy.FullPath + Unfinished, recursive: true);
    }

    /// <summary>A folder for its user alone, if it is not there yet.</summary>
    internal static void CreateOwn(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(
                folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Puts on the disk what a folder holds, and its names.</summary>
    internal static void Flush(string folder)
    {
        foreach (var file in Directory.GetFiles(folder))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
            stream.Flush(flushToDisk: true);
        }

        FolderSync.Flush(folder);
    }

    // A process that died in the middle of one left it. Another than the one that is to be made may stay: what cannot be
    // removed keeps nobody from making a copy.
    private void RemoveUnfinished(string own)
    {
        foreach (var part in Directory.GetDirectories(FullPath, "*" + Unfinished))
        {
            try
            {
                Directory.Delete(part, recursive: true);
            }
            catch (Exception fault) when (part != own && fault is (IOException or UnauthorizedAccessException))
            {
                // The next one tries again.
            }
        }
    }

    // Null for what SPEED has not made: a folder of another name, or one without a database.
    private static BackupEntry? Read(DirectoryInfo folder)
    {
        var database = new FileInfo(Path.Combine(folder.FullName, "deployments.db"));
        if (!database.Exists || folder.Name.EndsWith(Unfinished, StringComparison.Ordinal))
        {
            return null;
        }

        if (folder.Name.StartsWith(BeforeMigration, StringComparison.Ordinal))
        {
            return new BackupEntry(folder.FullName, BackupKind.BeforeMigration, database.LastWriteTimeUtc);
        }

        var isScheduled = folder.Name.StartsWith(BySchedule, StringComparison.Ordinal);
        return DateTimeOffset.TryParseExact(
            isScheduled ? folder.Name[BySchedule.Length..] : folder.Name,
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var at)
            ? new BackupEntry(folder.FullName, isScheduled ? BackupKind.Scheduled : BackupKind.Asked, at)
            : null;
    }
}

public enum BackupKind
{
    /// <summary>By <c>POST /v1/backup</c>. Stays until its owner removes it.</summary>
    Asked,
    /// <summary>By <c>Speed__Backup__Every</c>. Goes when newer ones have come.</summary>
    Scheduled,
    /// <summary>As the databases were before a newer SPEED changed their schema. Stays, too.</summary>
    BeforeMigration,
}

/// <summary>One copy of both databases.</summary>
public sealed record BackupEntry(string FullPath, BackupKind Kind, DateTimeOffset MadeAt);
