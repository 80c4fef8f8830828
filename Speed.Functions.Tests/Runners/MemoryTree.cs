using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;

namespace Speed.Tests.Runners;

/// <summary>A source tree that a test writes down.</summary>
internal sealed class MemoryTree : ISourceTree
{
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public MemoryTree(string? dockerfile = null)
    {
        if (dockerfile is not null)
        {
            Add("Dockerfile", dockerfile);
        }
    }

    public string Branch { get; init; } = "main";

    public string Commit { get; init; } = new('c', 40);

    /// <summary>Thrown in the middle of the context.</summary>
    public Exception? Fault { get; init; }

    public string TreeId => Convert.ToHexStringLower(SHA256.HashData(
        [.. _files.SelectMany(file => Encoding.UTF8.GetBytes(file.Key).Concat(file.Value))]))[..40];

    public IReadOnlyList<SourceFile> Files =>
        [.. _files.Select(file => new SourceFile(file.Key, file.Value.Length, IsRegular: true))];

    public MemoryTree Add(string path, string text) => Add(path, Encoding.UTF8.GetBytes(text));

    public MemoryTree Add(string path, byte[] bytes)
    {
        _files[path] = bytes;
        return this;
    }

    public Task<ResolvedPath> ResolveAsync(string path, CancellationToken cancellationToken) =>
        Task.FromResult(new ResolvedPath(path, Fault: null));

    public Task<string?> ReadTextAsync(string path, CancellationToken cancellationToken) => Task.FromResult(
        _files.TryGetValue(path, out var bytes) ? Encoding.UTF8.GetString(bytes) : null);

    public async Task WriteContextAsync(
        string dockerfile, string? dockerfileText, Stream destination, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(destination, TarEntryFormat.Gnu, leaveOpen: true);
        if (dockerfileText is not null)
        {
            await WriteFileAsync(tar, dockerfile, Encoding.UTF8.GetBytes(dockerfileText), cancellationToken);
        }

        var folders = new HashSet<string>();
        foreach (var (path, bytes) in _files.Where(file => dockerfileText is null || file.Key != dockerfile))
        {
            await WriteFoldersAsync(tar, path, folders, cancellationToken);
            await WriteFileAsync(tar, path, bytes, cancellationToken);
        }

        if (Fault is not null)
        {
            throw Fault;
        }
    }

    /// <summary>What the context is kept in while the engine asks for it.</summary>
    public Func<Stream> Scratch { get; init; } = () => new MemoryStream();

    public Stream OpenScratchFile() => Scratch();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task WriteFoldersAsync(
        TarWriter tar, string path, HashSet<string> written, CancellationToken cancellationToken)
    {
        for (var slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (written.Add(path[..slash]))
            {
                await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.Directory, path[..slash] + "/"), cancellationToken);
            }
        }
    }

    private static async Task WriteFileAsync(
        TarWriter tar, string path, byte[] bytes, CancellationToken cancellationToken)
    {
        using var data = new MemoryStream(bytes);
        var entry = new GnuTarEntry(TarEntryType.RegularFile, path)
        {
            DataStream = data,
            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
        };
        await tar.WriteEntryAsync(entry, cancellationToken);
    }
}
