using System.Text;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>One file, link or folder of a build context.</summary>
/// <param name="Path">Its bytes, without a last slash.</param>
/// <param name="Link">Where a symbolic link leads; else empty.</param>
/// <param name="Offset">Where its content is among that of all.</param>
internal sealed record ContextFile(byte[] Path, RawTarEntry Entry, byte[] Link, long Offset);

/// <summary>
/// A build context to be read in any order, as BuildKit asks for it: written to a file on disk first, since the engine
/// is told the size of each file, which git knows no sooner than it has the content.
/// </summary>
internal sealed class ContextFiles : IAsyncDisposable
{
    private readonly Stream _content;
    private readonly SemaphoreSlim _reading = new(1);

    private ContextFiles(Stream content, IEnumerable<ContextFile> files)
    {
        _content = content;
        Files = [.. files.Order(Comparer<ContextFile>.Create((one, other) => Compare(one.Path, other.Path)))];
    }

    /// <summary>Every folder before what is in it.</summary>
    public IReadOnlyList<ContextFile> Files { get; }

    /// <summary>What the ignore rules leave of a tree.</summary>
    public static async Task<ContextFiles> OfAsync(
        ISourceTree source, string dockerfile, CancellationToken cancellationToken)
    {
        var content = source.OpenScratchFile();
        try
        {
            await source.WriteContextAsync(dockerfile, dockerfileText: null, content, cancellationToken);
            content.Position = 0;
            var files = new List<ContextFile>();
            var tar = new RawTarReader(content);
            while (await tar.NextAsync(cancellationToken) is { } entry)
            {
                files.Add(new ContextFile(
                    TreePath.Encode(entry.Path), entry, TreePath.Encode(entry.Link), content.Position));
            }

            return new ContextFiles(content, files);
        }
        catch
        {
            await content.DisposeAsync();
            throw;
        }
    }

    /// <summary>One file and the folders that it is in.</summary>
    public static ContextFiles Of(string path, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var files = new List<ContextFile> { New(new RawTarEntry('0', 0b110_100_100, path, "", bytes.Length, 0)) };
        for (var slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            files.Add(New(new RawTarEntry('5', 0b111_101_101, path[..slash], "", 0, 0)));
        }

        return new ContextFiles(new MemoryStream(bytes), files);

        static ContextFile New(RawTarEntry entry) => new(TreePath.Encode(entry.Path), entry, [], 0);
    }

    /// <summary>Reads some of a file's content, from so many bytes on.</summary>
    public async Task<int> ReadAsync(
        ContextFile file, long from, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            _content.Position = file.Offset + from;
            var length = (int)Math.Min(buffer.Length, file.Entry.Size - from);
            return await _content.ReadAtLeastAsync(buffer[..length], length, true, cancellationToken);
        }
        finally
        {
            _reading.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _reading.Dispose();
        await _content.DisposeAsync();
    }

    // As the engine checks it: by bytes, but a slash comes before all else.
    private static int Compare(byte[] one, byte[] other)
    {
        var same = one.AsSpan().CommonPrefixLength(other);
        return same == one.Length || same == other.Length
            ? one.Length - other.Length
            : Rank(one[same]) - Rank(other[same]);

        static int Rank(byte letter) => letter == (byte)'/' ? -1 : letter;
    }
}
