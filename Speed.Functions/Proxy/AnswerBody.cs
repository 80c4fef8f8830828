using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Speed.Deployments;

namespace Speed.Proxy;

/// <summary>
/// The body of a service's answer as it comes. Throws <see cref="IOException"/> where the connection ends before it does.
/// </summary>
/// <param name="length">Null: until its last chunk, or the connection's end.</param>
/// <param name="trailers">Gets what stands behind the last chunk.</param>
/// <param name="end">Told once: whether the whole body came, and the connection is at the end of this answer.</param>
internal sealed class AnswerBody(
    ServiceConnection connection, bool isChunked, long? length, HttpResponseHeaders trailers, Action<bool> end) : ReadOnlyStream
{
    private const int MostOfLine = 64 * 1024;

    private long _left = length ?? 0;
    private bool _isWithin;
    private bool _isOver;

    /// <summary>Whether the first of it is here already, or will never come.</summary>
    public bool IsThere => _isOver || connection.HasUnread;

    /// <summary>Whether all of it came.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Ends at once where it is empty.</summary>
    public AnswerBody Begin()
    {
        if (!isChunked && length == 0)
        {
            End(isWhole: true);
        }

        return this;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return _isOver ? 0 : await ReadOnAsync(buffer, cancellationToken);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidDataException)
        {
            throw new IOException("The service's answer was cut.", fault);
        }
    }

    protected override void Dispose(bool disposing)
    {
        End(isWhole: false);
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadOnAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.Length == 0)
        {
            return await connection.ReceiveAsync(buffer, cancellationToken);
        }

        if (isChunked && _left == 0 && !await IsInChunkAsync(cancellationToken))
        {
            return 0;
        }

        var isToEnd = !isChunked && length is null;
        var read = await connection.ReceiveAsync(
            isToEnd ? buffer : buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        if (read == 0)
        {
            return isToEnd ? End(isWhole: true) : throw new EndOfStreamException("The service closed the connection.");
        }

        _left -= isToEnd ? 0 : read;
        if (!isChunked && !isToEnd && _left == 0)
        {
            End(isWhole: true);
        }

        return read;
    }

    // False: that was the last one.
    private async ValueTask<bool> IsInChunkAsync(CancellationToken cancellationToken)
    {
        if (_isWithin && await LineAsync(cancellationToken) is not "")
        {
            throw new InvalidDataException("A chunk is longer than its size.");
        }

        var line = await LineAsync(cancellationToken);
        var size = line.Split(';')[0].Trim(' ', '\t');
        if (!long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left) || _left < 0)
        {
            throw new InvalidDataException($"The size of a chunk is '{size}'.");
        }

        _isWithin = true;
        if (_left > 0)
        {
            return true;
        }

        foreach (var (name, value) in await AnswerHead.ReadFieldsAsync(connection, MostOfLine, cancellationToken))
        {
            trailers.TryAddWithoutValidation(name, value);
        }

        End(isWhole: true);
        return false;
    }

    private async ValueTask<string> LineAsync(CancellationToken cancellationToken) =>
        await connection.ReadLineAsync(MostOfLine, cancellationToken)
        ?? throw new EndOfStreamException("The service closed the connection.");

    private int End(bool isWhole)
    {
        if (!_isOver)
        {
            (_isOver, IsWhole) = (true, isWhole);
            end(isWhole);
        }

        return 0;
    }
}

/// <summary>A stream as the content of an answer.</summary>
internal sealed class AnswerContent(Stream body) : HttpContent
{
    public Stream Body => body;

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(body);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => body.CopyToAsync(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        body.Dispose();
        base.Dispose(disposing);
    }
}
