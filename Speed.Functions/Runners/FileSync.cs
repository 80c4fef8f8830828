using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Speed.Runners;

/// <summary>
/// What BuildKit and its client say to each other over files, as gRPC carries it: messages of protobuf, each behind five
/// bytes with its length. Written by hand, since their names are bytes, and protobuf's strings are not.
/// </summary>
internal static class FileSync
{
    // Of Go's file modes, beside the permissions.
    private const uint Folder = 1u << 31;
    private const uint Link = 1u << 27;

    public enum Kind
    {
        Stat = 0,
        Request = 1,
        Data = 2,
        End = 3,
        Fault = 4,
    }

    /// <summary>A message with the number of a file, and with nothing else that matters here.</summary>
    public readonly record struct Packet(Kind Kind, uint Id);

    /// <summary>The next message; null at the end of the stream.</summary>
    public static async Task<Packet?> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (TryRead(read.Buffer, out var packet, out var end))
            {
                reader.AdvanceTo(end);
                return packet;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    /// <summary>A file, link or folder is there.</summary>
    public static byte[] Stat(ContextFile file)
    {
        var (entry, stat) = (file.Entry, new List<byte>());
        var kind = entry.IsFolder ? Folder : entry.IsLink ? Link : 0;
        AddBytes(stat, 1, file.Path);
        AddNumber(stat, 2, kind | (uint)entry.Mode);
        AddNumber(stat, 5, entry.IsLink ? (ulong)file.Link.Length : (ulong)entry.Size);
        AddNumber(stat, 6, (ulong)entry.Time * 1_000_000_000);
        AddBytes(stat, 7, file.Link);

        var packet = new List<byte>();
        AddBytes(packet, 2, [.. stat]);
        return Framed([.. packet]);
    }

    /// <summary>There are no more of them.</summary>
    public static byte[] LastStat() => Framed([]);

    /// <summary>Some of a file's content; the end of it where there is nothing in it.</summary>
    public static byte[] Data(uint id, ReadOnlySpan<byte> content)
    {
        var packet = new List<byte>(content.Length + 16);
        AddNumber(packet, 1, (ulong)Kind.Data);
        AddNumber(packet, 3, id);
        AddBytes(packet, 4, content);
        return Framed([.. packet]);
    }

    /// <summary>All is said.</summary>
    public static byte[] End()
    {
        var packet = new List<byte>();
        AddNumber(packet, 1, (ulong)Kind.End);
        return Framed([.. packet]);
    }

    public static byte[] Framed(byte[] message)
    {
        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    private static bool TryRead(ReadOnlySequence<byte> buffer, out Packet packet, out SequencePosition end)
    {
        var reader = new SequenceReader<byte>(buffer);
        (packet, end) = (default, buffer.Start);

        // The first byte is whether it is compressed, which nobody asked for.
        if (!reader.TryRead(out _) || !reader.TryReadBigEndian(out int length) || reader.Remaining < length)
        {
            return false;
        }

        packet = Parse(buffer.Slice(reader.Position, length).ToArray());
        end = buffer.GetPosition(length, reader.Position);
        return true;
    }

    private static Packet Parse(ReadOnlySpan<byte> message)
    {
        var (kind, id) = (0UL, 0UL);
        while (message.Length > 0)
        {
            var tag = TakeNumber(ref message);
            var value = TakeNumber(ref message);
            if ((tag & 7) == 2)
            {
                message = message[(int)value..];
            }

            kind = tag == (1 << 3) ? value : kind;
            id = tag == (3 << 3) ? value : id;
        }

        return new Packet((Kind)kind, (uint)id);
    }

    private static ulong TakeNumber(ref ReadOnlySpan<byte> message)
    {
        var number = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = message[0];
            message = message[1..];
            number |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return number;
            }
        }
    }

    private static void AddNumber(List<byte> message, int field, ulong value)
    {
        if (value != 0)
        {
            AddNumber(message, (ulong)(field << 3));
            AddNumber(message, value);
        }
    }

    private static void AddBytes(List<byte> message, int field, ReadOnlySpan<byte> value)
    {
        if (value.Length > 0)
        {
            AddNumber(message, (ulong)((field << 3) | 2));
            AddNumber(message, (ulong)value.Length);
            message.AddRange(value);
        }
    }

    private static void AddNumber(List<byte> message, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            message.Add((byte)(value | 0x80));
        }

        message.Add((byte)value);
    }
}
