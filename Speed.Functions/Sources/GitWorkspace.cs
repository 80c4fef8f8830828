namespace Speed.Sources;

/// <summary>A folder of one fetch's own, readable by nobody else. Disposing it removes it.</summary>
internal sealed class GitWorkspace : IAsyncDisposable
{
    private const string Prefix = "fetch-";
    private readonly string _folder;

    private GitWorkspace(string folder)
    {
        _folder = folder;
        Repository = Path.Combine(folder, "repository.git");
        Directory.CreateDirectory(Repository);
    }

    /// <summary>The folder of the bare repository.</summary>
    public string Repository { get; }

    /// <summary>What is in it now, temporary files included.</summary>
    public long Bytes => new DirectoryInfo(_folder)
        .EnumerateFiles("*", SearchOption.AllDirectories)
        .Sum(SizeOf);

    public static GitWorkspace Create(string root)
    {
        var folder = Path.Combine(root, Prefix + Guid.NewGuid().ToString("N"));
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(root, Own);
            Directory.CreateDirectory(folder, Own);
        }

        return new GitWorkspace(folder);
    }

    /// <summary>Removes what fetches of a process that died have left under <paramref name="root"/>.</summary>
    public static void RemoveLeftovers(string root)
    {
        var left = Directory.Exists(root) ? Directory.GetDirectories(root, Prefix + "*") : [];
        foreach (var folder in left)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public ValueTask DisposeAsync()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    private static long SizeOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            // Git renamed or removed it meanwhile.
            return 0;
        }
    }
}
