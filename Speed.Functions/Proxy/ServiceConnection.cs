using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Speed.Proxy;

/// <summary>
/// One connection to a service, read by one and written by one at a time. What is wrong with it is a
/// <see cref="SocketException"/>; after any, and after a call that was canceled, it is of no more use.
/// </summary>
internal sealed class ServiceConnection : IDisposable
{
    private const int BufferSize = 16 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[BufferSize];
    private long _sent;
    private int _start;
    private int _end;

    /// <summary>Whether something was received that nobody has read yet.</summary>
    public bool HasUnread => _end > _start;

    /// <summary>How many bytes of heads came in all.</summary>
    public long Received { get; private set; }

    /// <summary>How many bytes were sent in all.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Since when nobody has used it, as a timestamp.</summary>
    public long IdleSince { get; set; }

    /// <summary>Whether nothing came while nobody asked: neither an end of it, nor an answer to nothing.</summary>
    public bool IsQuiet
    {
        get
        {
            try
            {
                return !HasUnread && !_socket.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    public ValueTask ConnectAsync(EndPoint place, CancellationToken cancellationToken) =>
        _socket.ConnectAsync(place, cancellationToken);

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            var sent = await _socket.SendAsync(bytes, SocketFlags.None, cancellationToken);
            Interlocked.Add(ref _sent, sent);
            bytes = bytes[sent..];
        }
    }

    /// <returns>How many bytes came; 0 at its end, or where <paramref name="into"/> is empty and something has come.</returns>
    public ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationToken cancellationToken)
    {
        if (!HasUnread)
        {
            return _socket.ReceiveAsync(into, SocketFlags.None, cancellationToken);
        }

        var length = Math.Min(into.Length, _end - _start);
        _buffer.AsSpan(_start, length).CopyTo(into.Span);
        _start += length;
        return ValueTask.FromResult(length);
    }

    /// <summary>
    /// The next line, byte for byte as Latin-1, without the line feed and the carriage return before it. Null at the end of the
    /// connection. Throws <see cref="InvalidDataException"/> where it is longer than <paramref name="most"/>.
    /// </summary>
    public async ValueTask<string?> ReadLineAsync(int most, CancellationToken cancellationToken)
    {
        var before = "";
        while (true)
        {
            if (!HasUnread && await FillAsync(cancellationToken) == 0)
            {
                return null;
            }

            var unread = _buffer.AsMemory(_start, _end - _start);
            var feed = unread.Span.IndexOf((byte)'\n');
            before += Encoding.Latin1.GetString(unread.Span[..(feed < 0 ? unread.Length : feed)]);
            _start += feed < 0 ? unread.Length : feed + 1;
            if (before.Length > most)
            {
                throw new InvalidDataException($"A line has more than {most} bytes.");
            }

            if (feed >= 0)
            {
                return before.EndsWith('\r') ? before[..^1] : before;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask<int> FillAsync(CancellationToken cancellationToken)
    {
        _start = 0;
        _end = await _socket.ReceiveAsync(_buffer, SocketFlags.None, cancellationToken);
        Received += _end;
        return _end;
    }
}
