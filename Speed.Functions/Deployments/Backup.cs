namespace Speed.Deployments;

/// <summary>Copies all that the stores have into a folder of its own beside them, while they work on.</summary>
public sealed class Backup(DataFolder data, IDeploymentStore store, ILogStore logs, DiskGuard disk, TimeProvider time)
    : IDisposable
{
    private readonly BackupFolder _folder = new(data);
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>The copies by time, the newest first.</summary>
    public IReadOnlyList<BackupEntry> List() => _folder.List();

    /// <summary>Gives the folder. Null, and nothing is left, if the disk has no room for a copy.</summary>
    public async Task<string?> MakeAsync(BackupKind kind, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return disk.HasRoomFor(BytesOfStores())
                ? await _folder.AddAsync(BackupFolder.NameOf(kind, time.GetUtcNow()), CopyAsync)
                : null;
        }
        finally
        {
            _gate.Release();
        }

        // In this order: each deployment that is over in the first has its whole log in the second.
        async Task CopyAsync(string folder)
        {
            await store.CopyToAsync(folder, cancellationToken);
            await logs.CopyToAsync(folder, cancellationToken);
        }
    }

    /// <summary>Removes those that the schedule made but for the newest ones; nobody else's.</summary>
    public async Task RemoveOldAsync(int keep, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var old in _folder.List().Where(copy => copy.Kind == BackupKind.Scheduled).Skip(keep))
            {
                BackupFolder.Remove(old);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private long BytesOfStores() =>
        new DirectoryInfo(data.FullPath).EnumerateFiles("*.db").Sum(file => file.Length);
}
