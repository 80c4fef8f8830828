namespace Speed.Tests.Data;

/// <summary>A folder of the test's own, gone with it.</summary>
public sealed class TempFolder : IDisposable
{
    private const string Memory = "/dev/shm";

    private TempFolder(string fullPath) => FullPath = fullPath;

    public TempFolder() : this(Directory.CreateTempSubdirectory("speed-test-").FullName)
    {
    }

    public string FullPath { get; }

    /// <summary>
    /// One without a disk below it, where the system has such: for what asks much of a store, and not that it lasts.
    /// </summary>
    public static TempFolder InMemory() => Directory.Exists(Memory)
        ? new TempFolder(Directory.CreateDirectory(Path.Combine(Memory, $"speed-test-{Guid.NewGuid():N}")).FullName)
        : new TempFolder();

    public string File(string name) => Path.Combine(FullPath, name);

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
