using System.Globalization;

namespace Speed.Deployments;

/// <summary>Copies all that the stores have into a folder of its own beside them, while they work on.</summary>
public sealed class Backup(DataFolder data, IDeploymentStore store, ILogStore logs, DiskGuard disk, TimeProvider time)
    : IDisposable
{
    private const string Unfinished = ".part";

    private readonly string _root = Path.Combine(data.FullPath, "backups");
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Gives the folder. Null, and nothing is left, if the disk has no room for a copy.</summary>
    public async Task<string?> MakeAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return disk.HasRoomFor(BytesOfStores()) ? await CopyAsync(cancellationToken) : null;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<string> CopyAsync(CancellationToken cancellationToken)
    {
        CreateOwn(_root);
        RemoveUnfinished();
        var folder = Path.Combine(
            _root, time.GetUtcNow().ToString("yyyy-MM-dd'T'HH-mm-ss.fff'Z'", CultureInfo.InvariantCulture));
        var part = folder + Unfinished;
        CreateOwn(part);
        try
        {
            // In this order: each deployment that is over in the first has its whole log in the second.
            await store.CopyToAsync(part, cancellationToken);
            await logs.CopyToAsync(part, cancellationToken);
            FolderSync.Flush(part);
            Directory.Move(part, folder);
            FolderSync.Flush(_root);
            FolderSync.Flush(data.FullPath);
            return folder;
        }
        catch
        {
            RemoveUnfinished();
            throw;
        }
    }

    private long BytesOfStores() =>
        new DirectoryInfo(data.FullPath).EnumerateFiles("*.db").Sum(file => file.Length);

    // A process that died in the middle of one left it.
    private void RemoveUnfinished()
    {
        foreach (var part in Directory.GetDirectories(_root, "*" + Unfinished))
        {
            Directory.Delete(part, recursive: true);
        }
    }

    private static void CreateOwn(string folder)
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
}
