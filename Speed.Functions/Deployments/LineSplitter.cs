using System.Buffers;
using System.Text;

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
            await WriteFullPartsAsync(cancellationToken);
            if (end >= 0)
            {
                await AddAsync(_rest.WrittenCount, continues: false, lineFeed: 1, cancellationToken);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_rest.WrittenCount > 0)
        {
            // Not cancelable: the stream has ended, and its last bytes belong to the log.
            await AddAsync(_rest.WrittenCount, continues: false, lineFeed: 0, CancellationToken.None);
        }
    }

    private async ValueTask WriteFullPartsAsync(CancellationToken cancellationToken)
    {
        while (_rest.WrittenCount > MaxLineBytes)
        {
            await AddAsync(CutPoint(), continues: true, lineFeed: 0, cancellationToken);
        }
    }

    // Before the last character that would not fit whole. U+FFFD takes three bytes for one: a third is the
    // most that surely fits where the text may be broken.
    private int CutPoint()
    {
        var written = _rest.WrittenSpan[..MaxLineBytes];
        if (!Utf8Prefix(written, out var whole))
        {
            return MaxLineBytes / 3;
        }

        return whole;
    }

    private static bool Utf8Prefix(ReadOnlySpan<byte> bytes, out int length)
    {
        length = bytes.Length;
        for (var back = 0; back < 4; back++)
        {
            if (System.Text.Unicode.Utf8.IsValid(bytes[..length]))
            {
                return true;
            }

            length--;
        }

        return false;
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
