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

    /// <summary>An empty file of its own here, gone once it is disposed.</summary>
    public Stream OpenScratchFile() => new FileStream(
        Path.Combine(_folder, Guid.NewGuid().ToString("N")),
        new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose,
        });

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
        WritePrivate(Path.Combine(_folder, SshCommand.KnownHosts), ReadKnownHosts(knownHosts));
        if (credential is not null)
        {
            // OpenSSH reads no key without a last line feed, nor one with carriage returns.
            var key = credential.Value.ReplaceLineEndings("\n").Trim() + "\n";
            WritePrivate(repository + SshCommand.KeySuffix, key);
        }
    }

    // Without the file no server is known. One that is there and cannot be read is another thing than an unknown server.
    private static string ReadKnownHosts(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new DeploymentFailedException(
                FailureCode.Internal,
                $"The file of known ssh servers, {path}, could not be read: {fault.Message}",
                "The operator makes Speed__Git__KnownHostsFile a file that SPEED may read.",
                inner: fault);
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
