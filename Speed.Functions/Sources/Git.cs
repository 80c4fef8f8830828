using System.Diagnostics;
using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// The git program, run in one folder: nothing is inherited from SPEED's own environment, from the user's or from
/// the system's settings, nothing asks, and nothing that a repository holds is run.
/// </summary>
/// <param name="route">Where it may go; null for commands that stay on this machine.</param>
internal sealed class Git(GitOptions options, string folder, GitRoute? route = null)
{
    private const int MaxBytes = 1024 * 1024;

    private readonly GitMemory _memory = new(options);

    // Faults that `git clone` lets pass, and that change nothing of the files: old public repositories have them, and programs
    // that write commits by themselves. What could make two things of one tree stays refused.
    public static readonly IReadOnlyList<string> Harmless =
    [
        "badDate", "badDateOverflow", "badEmail", "badName", "badTagName", "badTimezone", "extraHeaderEntry", "missingAuthor",
        "missingCommitter", "missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail",
        "missingTaggerEntry", "multipleAuthors", "nulInCommit", "zeroPaddedDate", "zeroPaddedFilemode",
    ];

    // The same. Git knows them since 2.38 and later; older ones fetch without, and know no such fault.
    private static readonly string[] LaterHarmless =
        ["badGpgsig", "badHeaderContinuation", "gitattributesLarge", "gitattributesLineLength"];

    private static readonly string[] Settings =
    [
        "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=false", "core.bigFileThreshold=32m",
        "credential.helper=", "gc.auto=0", "maintenance.auto=false", "protocol.version=2",
        "http.followRedirects=false", "http.lowSpeedLimit=1", "http.lowSpeedTime=60",
        "transfer.credentialsInUrl=die", "transfer.fsckObjects=true",

        // Packs stay packs: one file an object would be a million files.
        "transfer.unpackLimit=1",

        .. Harmless.Concat(LaterHarmless).Select(fault => $"fetch.fsck.{fault}=ignore"),

        .. GitMemory.Settings,
    ];

    public GitOptions Options { get; } = options;

    public string Folder { get; } = folder;

    /// <summary>Runs a command for its exit code alone.</summary>
    public Task<GitExit> RunAsync(CancellationToken cancellationToken, params IEnumerable<string> arguments) =>
        ReadAsync(output => output.CopyToAsync(Stream.Null, CancellationToken.None), arguments, cancellationToken);

    /// <summary>The first line of its output; null if it fails or says nothing.</summary>
    public async Task<string?> AskAsync(CancellationToken cancellationToken, params IEnumerable<string> arguments)
    {
        var (exit, bytes) = await ReadBytesAsync(cancellationToken, arguments);
        var line = exit.IsSuccess ? Encoding.UTF8.GetString(bytes).Split('\n', 2)[0] : "";
        return line.Length > 0 ? line : null;
    }

    /// <summary>How it ended, and its output, of which no more than the first 1 MiB is kept.</summary>
    public async Task<(GitExit Exit, byte[] Bytes)> ReadBytesAsync(
        CancellationToken cancellationToken, params IEnumerable<string> arguments)
    {
        var bytes = new byte[MaxBytes];
        var length = 0;
        var exit = await ReadAsync(async output =>
        {
            length = await output.ReadAtLeastAsync(bytes, bytes.Length, false, CancellationToken.None);
            await output.CopyToAsync(Stream.Null, CancellationToken.None);
        }, arguments, cancellationToken);
        return (exit, bytes[..length]);
    }

    /// <summary>
    /// The content of a file. Throws, naming it, where it is larger than 1 MiB or git cannot read it: what cannot be read
    /// is never taken for what is not there.
    /// </summary>
    /// <param name="path">By what the owner knows it.</param>
    public async Task<byte[]> ReadFileAsync(TreeEntry file, string path, CancellationToken cancellationToken)
    {
        if (file.Size > MaxBytes)
        {
            throw Unreadable(FailureCode.BuildFailed, path, "it is larger than 1 MiB");
        }

        var (exit, bytes) = await ReadBytesAsync(cancellationToken, "cat-file", "blob", file.ObjectId);
        return exit.IsSuccess && bytes.Length == file.Size
            ? bytes
            : throw Unreadable(FailureCode.CloneFailed, path, exit.Errors.Trim());
    }

    /// <summary>A file that is there, and cannot be read.</summary>
    public static DeploymentFailedException Unreadable(FailureCode code, string path, string why) => new(
        code,
        $"`{TreePath.Show(path)}` could not be read: {why}.",
        "Correct the file in the repository, or remove it.");

    /// <summary>
    /// Hands its output to <paramref name="read"/> as it comes; one that throws ends the command. Throws
    /// <c>REPO_TOO_LARGE</c> for a command that needed more memory than it may take.
    /// </summary>
    /// <param name="write">Writes its input meanwhile; null for none.</param>
    public async Task<GitExit> ReadAsync(
        Func<Stream, Task> read, IEnumerable<string> arguments, CancellationToken cancellationToken,
        Func<Stream, Task>? write = null)
    {
        await using var process = GitProcess.Start(Command(arguments), cancellationToken);
        var writing = WriteAsync(process.Input, write);
        try
        {
            await read(process.Output);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // A killed command's output stops anywhere; what its reader makes of that does not matter.
            throw new OperationCanceledException(cancellationToken);
        }
        catch
        {
            // So does that of one which ran out of memory.
            _memory.Require(await process.EndAsync());
            throw;
        }

        await writing;
        var exit = await process.WaitAsync(cancellationToken);
        _memory.Require(exit);
        return exit;
    }

    private static async Task WriteAsync(Stream input, Func<Stream, Task>? write)
    {
        try
        {
            await using (input)
            {
                await (write?.Invoke(input) ?? Task.CompletedTask);
            }
        }
        catch (IOException)
        {
            // It has ended; its exit says why.
        }
    }

    private ProcessStartInfo Command(IEnumerable<string> arguments)
    {
        var settings = Settings.SelectMany(setting => new[] { "-c", setting });
        var command = _memory.Command([.. settings, .. arguments]);
        command.WorkingDirectory = Folder;
        command.RedirectStandardInput = true;
        command.RedirectStandardOutput = true;
        command.RedirectStandardError = true;
        command.StandardErrorEncoding = Encoding.UTF8;
        command.Environment.Clear();
        foreach (var (name, value) in Variables())
        {
            command.Environment[name] = value;
        }

        return command;
    }

    private IEnumerable<(string Name, string? Value)> Variables()
    {
        yield return ("PATH", Environment.GetEnvironmentVariable("PATH"));
        yield return ("HOME", Folder);
        yield return ("LANG", "C.UTF-8");
        yield return ("GIT_CONFIG_NOSYSTEM", "1");
        yield return ("GIT_CONFIG_GLOBAL", "/dev/null");
        yield return ("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(Folder));
        yield return ("GIT_TERMINAL_PROMPT", "0");
        yield return ("GIT_ASKPASS", "/bin/false");
        yield return ("GIT_SSH_VARIANT", "ssh");
        yield return ("GIT_SSH_COMMAND", route?.Address.Scheme == "ssh"
            ? SshCommand.For(route, Path.GetFileName(Folder))
            : "/bin/false");
        yield return ("GIT_ALLOW_PROTOCOL", string.Join(':', Options.AllowedSchemes));
        yield return ("GIT_LFS_SKIP_SMUDGE", "1");

        // Each arena reserves room that counts, whether it is used or not.
        yield return ("MALLOC_ARENA_MAX", "2");

        // Not on the command line, which every user of the machine can read: these may hold passwords.
        (string Key, string? Value)[] own =
        [
            ("http.proxy", Options.Proxy), ("http.sslCAInfo", Options.CaFile), .. route?.Settings() ?? [],
        ];
        var given = own.Where(setting => !string.IsNullOrEmpty(setting.Value)).ToArray();
        yield return ("GIT_CONFIG_COUNT", $"{given.Length}");
        for (var i = 0; i < given.Length; i++)
        {
            yield return ($"GIT_CONFIG_KEY_{i}", given[i].Key);
            yield return ($"GIT_CONFIG_VALUE_{i}", given[i].Value);
        }
    }
}
