using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;

namespace Speed.Runners;

/// <summary>
/// What BuildKit and its client say to each other over files, as gRPC carries it: each message behind five bytes, with
/// its length.
/// </summary>
internal static class FileSync
{
    // Of Go's file modes, beside the permissions.
    private const uint Folder = 1u << 31;
    private const uint Link = 1u << 27;
    private const int PrefixBytes = 5;

    /// <summary>The next message; null at the end of the stream.</summary>
    public static async Task<FilePacket?> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (TryRead(read.Buffer, out var message))
            {
                var packet = FilePacket.Parser.ParseFrom(message);
                reader.AdvanceTo(message.End);
                return packet;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    public static async Task WriteAsync(PipeWriter writer, IMessage message, CancellationToken cancellationToken)
    {
        var length = message.CalculateSize();
        var prefix = writer.GetSpan(PrefixBytes);

        // The first byte is whether it is compressed.
        prefix[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(prefix[1..], length);
        writer.Advance(PrefixBytes);
        message.WriteTo(writer);
        await writer.FlushAsync(cancellationToken);
    }

    public static FileStat StatOf(ContextFile file)
    {
        var entry = file.Entry;
        return new FileStat
        {
            Path = UnsafeByteOperations.UnsafeWrap(file.Path),
            Mode = (entry.IsFolder ? Folder : entry.IsLink ? Link : 0) | (uint)entry.Mode,
            Size = entry.IsLink ? file.Link.Length : entry.Size,
            ModifiedNs = entry.Time * 1_000_000_000,
            Link = UnsafeByteOperations.UnsafeWrap(file.Link),
        };
    }

    private static bool TryRead(ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message)
    {
        var reader = new SequenceReader<byte>(buffer);

        // Nobody asked for compressed ones.
        if (!reader.TryRead(out _) || !reader.TryReadBigEndian(out int length) || reader.Remaining < length)
        {
            message = default;
            return false;
        }

        message = buffer.Slice(reader.Position, length);
        return true;
    }
}
