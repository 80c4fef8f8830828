using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Speed.Deployments;

/// <summary>
/// Cuts one stream of bytes into the lines of a log: at line feeds, and every 16 KiB within a longer line. What
/// is not UTF-8 becomes U+FFFD. Dispose it to write a last line that has no line feed.
/// </summary>
public sealed class LineSplitter(DeploymentLog log, LogStream stream) : IAsyncDisposable
{
    /// <summary>A stored line's most bytes.</summary>
    public const int MaxLineBytes = 16 * 1024;

    private readonly ArrayBufferWriter<byte> _rest = new();

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            var piece = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? default : bytes[(end + 1)..];

            _rest.Write(piece.Span);
            await AddFullPartsAsync(cancellationToken);
            if (end >= 0)
            {
                await AddLastPartAsync(lineFeed: 1, cancellationToken);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_rest.WrittenCount > 0)
        {
            // Not cancelable: the stream has ended, and its last bytes belong to the log.
            await AddLastPartAsync(lineFeed: 0, CancellationToken.None);
        }
    }

    private async ValueTask AddFullPartsAsync(CancellationToken cancellationToken)
    {
        while (_rest.WrittenCount > MaxLineBytes)
        {
            await AddAsync(PartLength(_rest.WrittenSpan), continues: true, lineFeed: 0, cancellationToken);
        }
    }

    private async ValueTask AddLastPartAsync(int lineFeed, CancellationToken cancellationToken)
    {
        while (PartLength(_rest.WrittenSpan) < _rest.WrittenCount)
        {
            await AddAsync(PartLength(_rest.WrittenSpan), continues: true, lineFeed: 0, cancellationToken);
        }

        await AddAsync(_rest.WrittenCount, continues: false, lineFeed, cancellationToken);
    }

    // How many bytes fit into one stored line, cut between characters. U+FFFD takes three bytes where the broken
    // one took one: of what is not UTF-8, a third surely fits.
    private static int PartLength(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= MaxLineBytes / 3)
        {
            return bytes.Length;
        }

        var length = Math.Min(bytes.Length, MaxLineBytes);
        for (var shorter = length; shorter > length - 4; shorter--)
        {
            var isWhole = shorter == bytes.Length || (bytes[shorter] & 0xC0) != 0x80;
            if (isWhole && Utf8.IsValid(bytes[..shorter]))
            {
                return shorter;
            }
        }

        return MaxLineBytes / 3;
    }

    private async ValueTask AddAsync(int count, bool continues, int lineFeed, CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetString(_rest.WrittenSpan[..count]);
        var left = _rest.WrittenSpan[count..].ToArray();
        _rest.ResetWrittenCount();
        _rest.Write(left);
        await log.AddAsync(stream, text, continues, count + lineFeed, cancellationToken);
    }
}
