using Microsoft.Data.Sqlite;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// Brings databases of an older SPEED to this one's schema, and copies both of them first: the way back. The file
/// <c>migration</c> in the data directory names the copy from before the first change until after the last, so that
/// a start which was interrupted in between is told from a new one.
/// </summary>
internal sealed class MigrationBackup(string data, TimeSpan busyTimeout)
{
    private const string MarkerName = "migration";

    private readonly DatabaseFiles _files = DatabaseFiles.In(data);
    private readonly BackupFolder _backups = new(new DataFolder(data));
    private readonly string _marker = Path.Combine(data, MarkerName);

    /// <summary>
    /// Does nothing to databases that are new, or as new as this SPEED. Throws <see cref="StoreStartException"/>, and
    /// nothing was changed, where they cannot be copied.
    /// </summary>
    public void Migrate()
    {
        if (!_files.All.Any(file => file.IsBehind(busyTimeout)))
        {
            Forget(data);
            return;
        }

        // Both, before anything of one is changed.
        foreach (var file in _files.All)
        {
            file.RefuseUnlessOurs(busyTimeout);
        }

        if (FindCopy() is null)
        {
            Copy();
        }

        foreach (var file in _files.All.Where(file => !file.IsNew))
        {
            SqliteDatabase.Migrate(file, busyTimeout);
        }

        Forget(data);
    }

    /// <summary>No migration is under way any more.</summary>
    public static void Forget(string data) => File.Delete(Path.Combine(data, MarkerName));

    // The one that an interrupted start made of what is half changed by now; null where nothing is changed since it was
    // made. Another start of another SPEED may then have written to the databases, so that they are copied anew.
    private string? FindCopy()
    {
        if (!File.Exists(_marker))
        {
            return null;
        }

        var name = File.ReadAllText(_marker).Trim();
        var copy = DatabaseFiles.In(Path.Combine(_backups.FullPath, name));
        return !copy.Deployments.IsNew && _files.All.Zip(copy.All).Any(IsAhead) ? name : null;

        bool IsAhead((DatabaseFile Now, DatabaseFile Copied) file) =>
            !file.Now.IsNew && !file.Copied.IsNew
            && file.Now.VersionOf(busyTimeout) > file.Copied.VersionOf(busyTimeout);
    }

    // The name is on the disk before anything changes, and after all of the copy.
    private void Copy()
    {
        var name = Behind();
        try
        {
            name = FreeName();
            _backups.AddAsync(name, CopyIntoAsync).GetAwaiter().GetResult();
            Remember(name);
        }
        catch (SqliteException fault)
        {
            throw Refused(name, fault.IsPassing ? fault.ToUnavailable(_backups.FullPath).Message : fault.Message, fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Refused(name, fault.Message, fault);
        }
    }

    private Task CopyIntoAsync(string folder)
    {
        foreach (var file in _files.All)
        {
            file.CopyInto(folder, busyTimeout);
        }

        return Task.CompletedTask;
    }

    private string Behind() => _files.Deployments.IsBehind(busyTimeout)
        ? $"before-{_files.Deployments.Migrations.Latest}"
        : $"before-logs-{_files.Logs.Migrations.Latest}";

    // By the schema that follows. Another copy of that name is of an earlier migration, and stays; but one that the
    // interrupted start made, and nothing has followed, is made anew under its own name.
    private string FreeName()
    {
        var behind = Behind();
        var made = File.Exists(_marker) ? File.ReadAllText(_marker).Trim() : null;
        var name = behind;
        for (var n = 2; Directory.Exists(Path.Combine(_backups.FullPath, name)); n++)
        {
            if (name == made)
            {
                BackupFolder.Remove(new BackupEntry(Path.Combine(_backups.FullPath, name), BackupKind.BeforeMigration, default));
                break;
            }

            name = $"{behind}-{n}";
        }

        return name;
    }

    private void Remember(string copy)
    {
        using (var file = new FileStream(_marker, FileMode.Create, FileAccess.Write))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(copy));
            file.Flush(flushToDisk: true);
        }

        FolderSync.Flush(data);
    }

    private StoreStartException Refused(string name, string why, Exception fault) => new(
        $"This SPEED has a newer schema, and before the databases are changed they are copied to "
        + $"{Path.Combine(_backups.FullPath, name)}. That failed, and nothing was changed: {why} Make room for the copy "
        + "and see that this account may write there; or start the SPEED from before.",
        fault);
}
