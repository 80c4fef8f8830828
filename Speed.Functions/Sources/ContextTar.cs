using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// Writes a build context as GNU tar, whose names are bytes. Owner and time are the same for every entry, so that one
/// commit always gives the same bytes; nothing is held in memory but a block.
/// </summary>
internal sealed class ContextTar(Stream destination, DateTimeOffset time)
{
    private const int BlockBytes = 512;
    private const int NameBytes = 100;
    private const int Readable = 0b110_100_100;
    private const int Executable = 0b111_101_101;
    private const int All = 0b111_111_111;

    private readonly HashSet<string> _folders = [];

    /// <summary>A regular file with this content, which comes before all that is copied.</summary>
    public async Task WriteFileAsync(string path, byte[] content, CancellationToken cancellationToken)
    {
        await WriteHeaderAsync('0', path, "", content.Length, Readable, cancellationToken);
        await destination.WriteAsync(content, cancellationToken);
        await PadAsync(content.Length, cancellationToken);
    }

    /// <summary>The folder of the context itself: short, where the first header must be.</summary>
    public Task WriteTopAsync(CancellationToken cancellationToken) =>
        WriteHeaderAsync('5', "./", "", 0, Executable, cancellationToken);

    /// <summary>
    /// Copies what <paramref name="excludes"/> leaves of a tar, each name behind the prefix. A folder that is left out is
    /// there all the same where something in it is.
    /// </summary>
    public async Task CopyAsync(
        Stream archive, string prefix, Func<string, bool> excludes, CancellationToken cancellationToken)
    {
        var reader = new RawTarReader(archive);
        while (await reader.NextAsync(cancellationToken) is { } entry)
        {
            var path = prefix + entry.Path;
            if (!excludes(path))
            {
                await CopyAsync(entry, path, reader, cancellationToken);
            }
        }

        // Git waits until its last block of zeros is read.
        await archive.CopyToAsync(Stream.Null, cancellationToken);
    }

    /// <summary>Ends the tar.</summary>
    public Task FinishAsync(CancellationToken cancellationToken) =>
        destination.WriteAsync(new byte[2 * BlockBytes], cancellationToken).AsTask();

    private async Task CopyAsync(
        RawTarEntry entry, string path, RawTarReader reader, CancellationToken cancellationToken)
    {
        if (entry.IsFolder)
        {
            await WriteFolderAsync(path, cancellationToken);
            return;
        }

        await WriteFoldersAboveAsync(path, cancellationToken);
        if (entry.IsLink)
        {
            await WriteHeaderAsync('2', path, entry.Link, 0, All, cancellationToken);
            return;
        }

        var mode = (entry.Mode & 0b001_000_000) != 0 ? Executable : Readable;
        await WriteHeaderAsync('0', path, "", entry.Size, mode, cancellationToken);
        await reader.CopyAsync(destination, cancellationToken);
        await PadAsync(entry.Size, cancellationToken);
    }

    private async Task WriteFoldersAboveAsync(string path, CancellationToken cancellationToken)
    {
        if (path.LastIndexOf('/') is > 0 and var slash)
        {
            await WriteFolderAsync(path[..slash], cancellationToken);
        }
    }

    private async Task WriteFolderAsync(string path, CancellationToken cancellationToken)
    {
        if (_folders.Add(path))
        {
            await WriteFoldersAboveAsync(path, cancellationToken);
            await WriteHeaderAsync('5', path + "/", "", 0, Executable, cancellationToken);
        }
    }

    private async Task WriteHeaderAsync(
        char type, string path, string link, long size, int mode, CancellationToken cancellationToken)
    {
        var (name, target) = (TreePath.Encode(path), TreePath.Encode(link));
        await WriteLongAsync('K', target, cancellationToken);
        await WriteLongAsync('L', name, cancellationToken);
        await WriteHeaderAsync(type, name, target, size, mode, cancellationToken);
    }

    // A field holds a hundred bytes; what is longer comes in front as the content of an entry of its own.
    private async Task WriteLongAsync(char type, byte[] text, CancellationToken cancellationToken)
    {
        if (text.Length > NameBytes)
        {
            await WriteHeaderAsync(type, "././@LongLink"u8.ToArray(), [], text.Length + 1, 0, cancellationToken);
            await destination.WriteAsync((byte[])[.. text, 0], cancellationToken);
            await PadAsync(text.Length + 1, cancellationToken);
        }
    }

    private async Task WriteHeaderAsync(
        char type, byte[] name, byte[] link, long size, int mode, CancellationToken cancellationToken)
    {
        var block = new byte[BlockBytes];
        Put(block, 0, name);
        PutNumber(block, 100, 8, mode);
        PutNumber(block, 108, 8, 0);
        PutNumber(block, 116, 8, 0);
        PutNumber(block, 124, 12, size);
        PutNumber(block, 136, 12, time.ToUnixTimeSeconds());
        Put(block, 148, "        "u8);
        block[156] = (byte)type;
        Put(block, 157, link);
        Put(block, 257, "ustar  \0"u8);

        // The sum of the header's bytes, its own field taken for blanks.
        PutNumber(block, 148, 7, block.Sum(one => (long)one));
        await destination.WriteAsync(block, cancellationToken);
    }

    private static void Put(byte[] block, int at, ReadOnlySpan<byte> bytes) =>
        bytes[..Math.Min(bytes.Length, NameBytes)].CopyTo(block.AsSpan(at));

    // Octal digits and a zero byte.
    private static void PutNumber(byte[] block, int at, int length, long number) =>
        Encoding.ASCII.GetBytes(Convert.ToString(number, 8).PadLeft(length - 1, '0') + "\0", block.AsSpan(at, length));

    private async Task PadAsync(long size, CancellationToken cancellationToken)
    {
        var padding = (int)((BlockBytes - (size % BlockBytes)) % BlockBytes);
        await destination.WriteAsync(new byte[padding], cancellationToken);
    }
}
