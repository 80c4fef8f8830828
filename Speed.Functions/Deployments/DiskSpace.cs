namespace Speed.Deployments;

/// <summary>The room on the disk that a folder lies on, in bytes.</summary>
/// <param name="Free">What this account may still write.</param>
public readonly record struct DiskSpace(long Free, long Total)
{
    /// <summary>Asks the operating system. Null where it does not say, as for a folder that is not there.</summary>
    public static DiskSpace? Measure(string folder)
    {
        try
        {
            var drive = new DriveInfo(folder);
            return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>How much room there is under a folder; null where that cannot be told.</summary>
public delegate DiskSpace? MeasureDisk(string folder);

public enum DiskLevel
{
    Enough,
    /// <summary>Nothing new starts.</summary>
    Low,
    /// <summary>Room is made, if need be by stopping one after another of those at work, so that ends can still be written.</summary>
    Critical,
}
