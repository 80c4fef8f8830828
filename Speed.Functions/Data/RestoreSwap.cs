using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// Puts restored databases in the place of those that are there. What is to come lies in a folder of the data
/// directory whose name, <c>restoring-…</c>, is the decision: from the moment that it has this name, whoever opens the
/// data directory next brings it to its end. Before, nothing has happened.
/// </summary>
internal static class RestoreSwap
{
    private const string Unfinished = "restore.part";
    private const string Decided = "restoring-";
    private const string Replaced = "replaced-";

    /// <summary>A new folder for what is to come; what an earlier process left there is gone.</summary>
    public static string Begin(string data)
    {
        RemoveUnfinished(data);
        var part = Path.Combine(data, Unfinished);
        BackupFolder.CreateOwn(part);
        return part;
    }

    public static void RemoveUnfinished(string data)
    {
        var part = Path.Combine(data, Unfinished);
        if (Directory.Exists(part))
        {
            Directory.Delete(part, recursive: true);
        }
    }

    /// <summary>Decides it, and gives the folder in which the replaced databases will be kept.</summary>
    public static string Decide(string data, DateTimeOffset now)
    {
        var part = Path.Combine(data, Unfinished);
        BackupFolder.Flush(part);
        var stamp = BackupFolder.Stamp(now);
        Directory.Move(part, Path.Combine(data, Decided + stamp));
        return Path.Combine(data, Replaced + stamp);
    }

    /// <summary>Brings to its end what was decided. To be repeated after a crash at any point.</summary>
    public static void FinishAll(string data)
    {
        foreach (var folder in Directory.GetDirectories(data, Decided + "*").Order(StringComparer.Ordinal))
        {
            Finish(data, folder);
        }
    }

    private static void Finish(string data, string folder)
    {
        // The decision is on the disk before anything follows from it.
        FolderSync.Flush(data);
        var replaced = Path.Combine(data, Replaced + Path.GetFileName(folder)[Decided.Length..]);
        BackupFolder.CreateOwn(replaced);
        foreach (var file in DatabaseFiles.In(folder).All)
        {
            // Once it is in its place, what is there is not to be replaced any more.
            if (File.Exists(file.Path))
            {
                Replace(data, file.Path, replaced);
            }
        }

        MigrationBackup.Forget(data);
        Directory.Delete(folder);
        FolderSync.Flush(data);
    }

    // The log of the one that goes would be taken for that of the one that comes: it is away before.
    private static void Replace(string data, string coming, string replaced)
    {
        var name = Path.GetFileName(coming);
        foreach (var part in new[] { name, name + "-wal", name + "-shm" })
        {
            var there = Path.Combine(data, part);
            if (File.Exists(there))
            {
                File.Move(there, FreePath(Path.Combine(replaced, part)));
            }
        }

        FolderSync.Flush(replaced);
        FolderSync.Flush(data);
        File.Move(coming, Path.Combine(data, name));
        FolderSync.Flush(data);
    }

    // Taken only where an older SPEED, which knows nothing of this, was started in the middle and made new databases.
    private static string FreePath(string path)
    {
        var free = path;
        for (var n = 2; File.Exists(free); n++)
        {
            free = $"{path}.{n}";
        }

        return free;
    }
}
