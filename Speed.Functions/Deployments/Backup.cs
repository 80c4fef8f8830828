using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>
/// Copies all that the stores have into a folder of its own beside them, while they work on. A backup that was asked for
/// and not made is told to others, whoever asked: what asks is mostly a clock, and nobody reads its answers. One that its
/// caller broke off, or a stop of SPEED, is not.
/// </summary>
public sealed partial class Backup(
    DataFolder data, IDeploymentStore store, ILogStore logs, IOutbox outbox, DiskGuard disk, TimeProvider time,
    ILogger<Backup> logger) : IDisposable
{
    private readonly BackupFolder _folder = new(data);
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>The copies by time, the newest first.</summary>
    public IReadOnlyList<BackupEntry> List() => _folder.List();

    /// <summary>Why there is no room for a copy, in one sentence.</summary>
    public string NoRoom => disk.Fault ?? "The disk has no room for a copy of the databases: free some space first.";

    /// <summary>Gives the folder. Null, and nothing is left, if the disk has no room for a copy.</summary>
    public async Task<string?> MakeAsync(BackupKind kind, CancellationToken cancellationToken)
    {
        try
        {
            var folder = await TryMakeAsync(kind, cancellationToken);
            if (folder is null)
            {
                await TellAsync(NoRoom);
            }

            return folder;
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            await TellAsync(fault.Message);
            throw;
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

    private async Task<string?> TryMakeAsync(BackupKind kind, CancellationToken cancellationToken)
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

    // Does not take the caller's token: it was not made, whether the caller still listens or not.
    private async Task TellAsync(string why)
    {
        try
        {
            await outbox.RecordAsync(
                NotificationEvent.BackupFailed, $"No backup was made. {why}", CancellationToken.None);
        }
        catch (StoreUnavailableException fault)
        {
            LogNotTold(fault);
        }
    }

    private long BytesOfStores() =>
        new DirectoryInfo(data.FullPath).EnumerateFiles("*.db").Sum(file => file.Length);

    [LoggerMessage(LogLevel.Error, "No backup was made, and the store cannot be written to have that told")]
    private partial void LogNotTold(Exception fault);
}
