using System.Buffers.Text;
using System.Text;

namespace Speed.Deployments;

/// <summary>One entry of a tar.</summary>
/// <param name="Type">As in the header: <c>0</c> a file, <c>2</c> a symbolic link, <c>5</c> a folder.</param>
/// <param name="Path">As <see cref="TreePath"/> has it, and without a last slash.</param>
/// <param name="Link">Where a symbolic link leads; else empty.</param>
/// <param name="Size">Bytes of its content, of the next ones in the stream.</param>
/// <param name="Time">When it was modified, in seconds since 1970.</param>
internal sealed record RawTarEntry(char Type, int Mode, string Path, string Link, long Size, long Time)
{
    public bool IsFile => Type == '0';

    public bool IsLink => Type == '2';

    public bool IsFolder => Type == '5';
}

/// <summary>
/// Reads tars whose names are bytes, as those of git are: a reader that takes them for UTF-8 makes one name of two.
/// Knows what git and SPEED write: files, folders, symbolic links, and long names by PAX and by GNU.
/// </summary>
internal sealed class RawTarReader(Stream tar)
{
    private const int BlockBytes = 512;
    private const int MaxExtraBytes = 16 * 1024 * 1024;

    private readonly byte[] _block = new byte[BlockBytes];
    private readonly byte[] _buffer = new byte[128 * 1024];
    private long _left;
    private int _padding;

    /// <summary>The next one; null at the end. What was not copied of the one before is passed over.</summary>
    public async Task<RawTarEntry?> NextAsync(CancellationToken cancellationToken)
    {
        await SkipAsync(cancellationToken);
        var extra = new Dictionary<string, byte[]>();
        while (await ReadHeaderAsync(cancellationToken))
        {
            var (type, size) = ((char)_block[156], NumberAt(124, 12));
            if (type is 'x' or 'g' or 'L' or 'K')
            {
                await ReadExtraAsync(type, size, extra, cancellationToken);
                continue;
            }

            size = extra.TryGetValue("size", out var real) ? Decimal(real) : size;
            (_left, _padding) = (size, PaddingOf(size));
            return new RawTarEntry(
                type is '\0' ? '0' : type,
                (int)NumberAt(100, 8),
                TreePath.Decode(extra.TryGetValue("path", out var path) ? path : NameInHeader()).TrimEnd('/'),
                TreePath.Decode(extra.TryGetValue("linkpath", out var link) ? link : FieldAt(157, 100)),
                size,
                NumberAt(136, 12));
        }

        return null;
    }

    /// <summary>Copies the content of the entry.</summary>
    public async Task CopyAsync(Stream destination, CancellationToken cancellationToken)
    {
        while (_left > 0)
        {
            var piece = _buffer.AsMemory(0, (int)Math.Min(_left, _buffer.Length));
            var read = await tar.ReadAsync(piece, cancellationToken);
            _left -= read > 0 ? read : throw new EndOfStreamException("The tar ends in the middle of a file.");
            await destination.WriteAsync(piece[..read], cancellationToken);
        }

        await tar.ReadExactlyAsync(_buffer.AsMemory(0, _padding), cancellationToken);
        _padding = 0;
    }

    private async Task SkipAsync(CancellationToken cancellationToken)
    {
        if (tar.CanSeek)
        {
            tar.Seek(_left + _padding, SeekOrigin.Current);
            (_left, _padding) = (0, 0);
        }

        await CopyAsync(Stream.Null, cancellationToken);
    }

    // False at the end, which is a block of zeros.
    private async Task<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        await tar.ReadExactlyAsync(_block, cancellationToken);
        return _block.AsSpan().ContainsAnyExcept((byte)0);
    }

    private async Task ReadExtraAsync(
        char type, long size, Dictionary<string, byte[]> extra, CancellationToken cancellationToken)
    {
        if (size > MaxExtraBytes)
        {
            throw new InvalidDataException($"The tar has a header of {size} bytes.");
        }

        var content = new byte[size];
        await tar.ReadExactlyAsync(content, cancellationToken);
        await tar.ReadExactlyAsync(_buffer.AsMemory(0, PaddingOf(size)), cancellationToken);
        if (type is 'L' or 'K')
        {
            extra[type == 'L' ? "path" : "linkpath"] = UpToZero(content).ToArray();
        }
        else if (type == 'x')
        {
            ReadRecords(content, extra);
        }
    }

    // "<length> <key>=<value>\n": the length counts it all. A value may have line feeds and equals signs in it.
    private static void ReadRecords(ReadOnlySpan<byte> content, Dictionary<string, byte[]> extra)
    {
        while (content.Length > 0)
        {
            var blank = content.IndexOf((byte)' ');
            var record = content[..(int)Decimal(content[..blank])];
            var equals = record.IndexOf((byte)'=');
            extra[Encoding.ASCII.GetString(record[(blank + 1)..equals])] = record[(equals + 1)..^1].ToArray();
            content = content[record.Length..];
        }
    }

    // POSIX puts the beginning of a longer path into a second field; GNU has times there.
    private byte[] NameInHeader()
    {
        var (name, prefix) = (FieldAt(0, 100).ToArray(), FieldAt(345, 155).ToArray());
        return _block.AsSpan(257, 6).SequenceEqual("ustar\0"u8) && prefix.Length > 0
            ? [.. prefix, (byte)'/', .. name]
            : name;
    }

    private ReadOnlySpan<byte> FieldAt(int at, int length) => UpToZero(_block.AsSpan(at, length));

    private long NumberAt(int at, int length)
    {
        long number = 0;
        foreach (var digit in FieldAt(at, length).Trim((byte)' '))
        {
            number = digit is >= (byte)'0' and <= (byte)'7'
                ? (number * 8) + digit - '0'
                : throw new InvalidDataException("The tar has a number that is not octal.");
        }

        return number;
    }

    private static long Decimal(ReadOnlySpan<byte> digits) => Utf8Parser.TryParse(digits, out long number, out _)
        ? number
        : throw new InvalidDataException("The tar has a length that is no number.");

    private static ReadOnlySpan<byte> UpToZero(ReadOnlySpan<byte> field) =>
        field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field;

    private static int PaddingOf(long size) => (int)((BlockBytes - (size % BlockBytes)) % BlockBytes);
}
