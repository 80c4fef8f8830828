using System.Buffers.Binary;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Takes the engine's one stream apart: frames of a type, three zeros, a length in big-endian order, and the bytes.
/// </summary>
internal sealed class OutputFrames(Stream source)
{
    private const int HeaderBytes = 8;
    private const byte Stderr = 2;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly byte[] _header = new byte[HeaderBytes];
    private uint _left;

    /// <summary>The next piece, valid until the next call; null at the end.</summary>
    public async ValueTask<(LogStream Stream, ReadOnlyMemory<byte> Bytes)?> ReadAsync(CancellationToken cancellationToken)
    {
        while (_left == 0)
        {
            var read = await source.ReadAtLeastAsync(
                _header, HeaderBytes, throwOnEndOfStream: false, cancellationToken);
            if (read < HeaderBytes)
            {
                return null;
            }

            _left = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
        }

        var wanted = (int)Math.Min(_left, (uint)_buffer.Length);
        var count = await source.ReadAsync(_buffer.AsMemory(0, wanted), cancellationToken);
        _left -= (uint)count;
        return count == 0 ? null : (_header[0] == Stderr ? LogStream.Stderr : LogStream.Stdout, _buffer.AsMemory(0, count));
    }
}
