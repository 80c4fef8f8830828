using Speed.Deployments;

namespace Speed.Sources;

/// <summary>A folder of one fetch's own, readable by nobody else. Disposing it removes it.</summary>
internal sealed class GitWorkspace : IAsyncDisposable
{
    private const string Prefix = "fetch-";
    private readonly string _folder;
    private int _repositories;

    private GitWorkspace(string folder)
    {
        _folder = folder;
    }

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

    /// <summary>Git in a folder of its own here, for the one repository that this way leads to.</summary>
    public Git Open(GitOptions options, GitRoute route)
    {
        var folder = Path.Combine(_folder, $"repository-{++_repositories}.git");
        Directory.CreateDirectory(folder);
        if (route.Address.Scheme == "ssh")
        {
            WriteKeys(folder, options.KnownHostsFile, route.Credential);
        }

        return new Git(options, folder, route);
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

    // Copies: their names here need no quotes, and ssh cannot change the operator's file.
    private void WriteKeys(string repository, string knownHosts, Credential? credential)
    {
        var known = File.Exists(knownHosts) ? File.ReadAllText(knownHosts) : "";
        WritePrivate(Path.Combine(_folder, SshCommand.KnownHosts), known);
        if (credential is not null)
        {
            // OpenSSH reads no key without a last line feed, nor one with carriage returns.
            var key = credential.Value.ReplaceLineEndings("\n").Trim() + "\n";
            WritePrivate(repository + SshCommand.KeySuffix, key);
        }
    }

    private static void WritePrivate(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(text);
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
