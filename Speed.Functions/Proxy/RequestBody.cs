using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Speed.Proxy;

/// <summary>
/// Where a request's body is written to: as it is where its length was said, else in chunks. Throws <see cref="IOException"/>
/// where the service takes no more of it.
/// </summary>
internal sealed class RequestBody(ServiceConnection connection, bool isChunked) : PassingStream
{
    private static readonly byte[] LastChunk = "0\r\n\r\n"u8.ToArray();

    /// <summary>Whether not all that was written has been sent. There may be an answer all the same.</summary>
    public bool IsRefused { get; private set; }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
        {
            return;
        }

        await SendAsync(isChunked ? Chunk(buffer.Span) : buffer, cancellationToken);
    }

    /// <summary>Says that this was all.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken) =>
        isChunked && !IsRefused ? SendAsync(LastChunk, cancellationToken) : ValueTask.CompletedTask;

    private static byte[] Chunk(ReadOnlySpan<byte> bytes) =>
    [
        .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length:x}\r\n")), .. bytes, .. "\r\n"u8,
    ];

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var isSent = false;
        try
        {
            await connection.SendAsync(bytes, cancellationToken);
            isSent = true;
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            throw new IOException("The service takes no more of the body.", fault);
        }
        finally
        {
            IsRefused |= !isSent;
        }
    }
}
