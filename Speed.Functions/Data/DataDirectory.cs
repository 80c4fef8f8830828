using System.Diagnostics;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// The folder that holds the databases, and the lock by which one process holds the folder. Dispose it after
/// everything that lives inside.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private readonly FileStream _lock;
    private bool _arePrepared;

    /// <summary>
    /// Makes the folder, for its user alone, and locks it. Waits for another holder at most
    /// <see cref="StoreOptions.LockTimeout"/>, as an old process may still be ending. Throws
    /// <see cref="StoreStartException"/>.
    /// </summary>
    public DataDirectory(StoreOptions options)
    {
        FullPath = Create(options.DataDirectory);
        Ballast = new Ballast(new DataFolder(FullPath));
        _lock = Lock(Path.Combine(FullPath, "speed.lock"), options.LockTimeout);
        try
        {
            RestoreSwap.FinishAll(FullPath);
            RestoreSwap.RemoveUnfinished(FullPath);
            PutRight = OwnRights.PutRight(FullPath);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _lock.Dispose();
            throw Unusable(FullPath, fault);
        }
    }

    public string FullPath { get; }

    public Ballast Ballast { get; }

    /// <summary>What a SPEED of before had left open to other accounts, and is open no more.</summary>
    public IReadOnlyList<string> PutRight { get; }

    public void Dispose() => _lock.Dispose();

    /// <summary>
    /// The databases, in this SPEED's schema where they are there: copied first, once, before the first one is changed.
    /// Throws <see cref="StoreStartException"/>.
    /// </summary>
    internal DatabaseFiles PrepareFiles(TimeSpan busyTimeout)
    {
        if (!_arePrepared)
        {
            new MigrationBackup(FullPath, busyTimeout).Migrate();
            _arePrepared = true;
        }

        return DatabaseFiles.In(FullPath);
    }

    private static string Create(string directory)
    {
        if (directory.Length == 0)
        {
            throw new StoreStartException(
                "There is no folder for the data: this account has no home. Set Speed__DataDirectory to one.");
        }

        try
        {
            var path = Path.GetFullPath(directory);
            BackupFolder.CreateOwn(path);
            return path;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unusable(directory, fault);
        }
    }

    private static FileStream Lock(string path, TimeSpan timeout)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception fault) when (!IsHeldByAnother(fault))
            {
                throw Unusable(Path.GetDirectoryName(path)!, fault);
            }
            catch (IOException fault) when (Stopwatch.GetElapsedTime(since) >= timeout)
            {
                throw new StoreStartException(
                    $"The data directory {Path.GetDirectoryName(path)} is in use by another process, which holds "
                    + $"{path}. Stop that one, or set Speed__DataDirectory to another folder.",
                    fault);
            }
            catch (IOException)
            {
                Thread.Sleep(RetryAfter);
            }
        }
    }

    // ERROR_SHARING_VIOLATION on Windows, EAGAIN on Linux and on macOS.
    private static bool IsHeldByAnother(Exception fault) =>
        fault is IOException { HResult: unchecked((int)0x80070020) or 11 or 35 };

    private static StoreStartException Unusable(string directory, Exception fault) => new(
        $"The data directory {directory} cannot be used: {fault.Message} Set Speed__DataDirectory to a folder "
        + $"that this account{OwnRights.InBrackets} may write"
        + (Surroundings.AreContainer ? "; a folder of the host that is mounted there has to be that user's, by chown." : "."),
        fault);
}
