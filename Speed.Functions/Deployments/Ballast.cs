namespace Speed.Deployments;

/// <summary>
/// A file that holds room in the data directory for bad times: given up when the disk is full, so that the ends of
/// what runs can still be written; made again when there is room.
/// </summary>
public sealed class Ballast(DataFolder folder)
{
    private readonly string _path = Path.Combine(folder.FullPath, "ballast");
    private readonly Lock _gate = new();
    private volatile bool _isGivenUp;

    /// <summary>Raised on the store's own thread each time it meets a full disk.</summary>
    public event Action? Needed;

    public bool IsThere
    {
        get
        {
            lock (_gate)
            {
                return new FileInfo(_path) is { Exists: true, Length: > 0 };
            }
        }
    }

    /// <summary>True from when the store met a full disk until the file could be made again.</summary>
    public bool WasNeeded { get; private set; }

    /// <summary>True from when its room was given up until the file could be made again: that room is for ends alone.</summary>
    public bool IsGivenUp => _isGivenUp;

    /// <summary>For the store, when it meets a full disk, whatever the free space is said to be.</summary>
    public void GiveUpForStore()
    {
        lock (_gate)
        {
            WasNeeded = true;
            GiveUp();
        }

        Needed?.Invoke();
    }

    /// <summary>Idempotent.</summary>
    public void GiveUp()
    {
        lock (_gate)
        {
            _isGivenUp = true;
            Delete();
        }
    }

    /// <summary>False if there is no room for it.</summary>
    public bool TryMake(long bytes)
    {
        lock (_gate)
        {
            try
            {
                // Allocated by the file system before it has a length: a sparse file would hold no room.
                using var file = new FileStream(_path, new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    PreallocationSize = bytes,
                });
                file.SetLength(bytes);
                (WasNeeded, _isGivenUp) = (false, false);
                return true;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                Delete();
                return false;
            }
        }
    }

    private void Delete()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Then it holds its room; the next look tries again.
        }
    }
}
