using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// A chunk's lines as bytes: a format byte and the first line's time; then for each line the milliseconds since
/// the one before, a byte of stream, phase and continuation, the text's length, and the text in UTF-8. Numbers
/// are variable-length. Line numbers are not stored: they follow from the first one.
/// </summary>
internal static class LogChunkCodec
{
    private const byte Format = 1;
    private const int ContinuesBit = 0x10;

    /// <summary>What an entry takes in memory, beside the characters of its text.</summary>
    public const int EntryBytes = 96;

    /// <param name="textBytes">Of the text with its line feeds, as it is hashed.</param>
    public static byte[] Encode(IReadOnlyList<LogLine> lines, out long textBytes)
    {
        var output = new ArrayBufferWriter<byte>(64 * 1024);
        var before = lines[0].At.ToUnixTimeMilliseconds();
        output.Write([Format]);
        WriteNumber(output, before);

        textBytes = 0;
        foreach (var line in lines)
        {
            var at = line.At.ToUnixTimeMilliseconds();
            WriteNumber(output, ZigZag(at - before));
            output.Write([(byte)((int)line.Stream | ((int)line.Phase << 2) | (line.Continues ? ContinuesBit : 0))]);
            var length = Encoding.UTF8.GetByteCount(line.Text);
            WriteNumber(output, length);
            output.Advance(Encoding.UTF8.GetBytes(line.Text, output.GetSpan(length)));
            textBytes += length + (line.Continues ? 0 : 1);
            before = at;
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Adds the lines after number <paramref name="after"/> while there is room, and gives the room that is left.
    /// </summary>
    /// <param name="room">So many bytes of memory; the line that fills them comes whole.</param>
    public static int Decode(ReadOnlySpan<byte> chunk, long firstN, long after, List<LogEntry> entries, int room)
    {
        var input = chunk[1..];
        var at = ReadNumber(ref input);
        for (var n = firstN; !input.IsEmpty && room > 0; n++)
        {
            var text = ReadLine(ref input, ref at, out var kind);
            if (n > after)
            {
                entries.Add(new LogLine(
                    n, DateTimeOffset.FromUnixTimeMilliseconds(at), (DeploymentPhase)((kind >> 2) & 3),
                    (LogStream)(kind & 3), Encoding.UTF8.GetString(text), (kind & ContinuesBit) != 0));
                room -= EntryBytes + (text.Length * sizeof(char));
            }
        }

        return room;
    }

    /// <summary>Adds each line's text to the hash, and a line feed unless the next one continues it.</summary>
    public static void Hash(ReadOnlySpan<byte> chunk, IncrementalHash hash)
    {
        var input = chunk[1..];
        var at = ReadNumber(ref input);
        var text = new ArrayBufferWriter<byte>(chunk.Length);
        while (!input.IsEmpty)
        {
            text.Write(ReadLine(ref input, ref at, out var kind));
            if ((kind & ContinuesBit) == 0)
            {
                text.Write("\n"u8);
            }
        }

        hash.AppendData(text.WrittenSpan);
    }

    private static ReadOnlySpan<byte> ReadLine(ref ReadOnlySpan<byte> input, ref long at, out byte kind)
    {
        at += UnZigZag(ReadNumber(ref input));
        kind = input[0];
        input = input[1..];
        var length = (int)ReadNumber(ref input);
        var text = input[..length];
        input = input[length..];
        return text;
    }

    private static void WriteNumber(ArrayBufferWriter<byte> output, long value)
    {
        var rest = (ulong)value;
        while (rest >= 0x80)
        {
            output.Write([(byte)(rest | 0x80)]);
            rest >>= 7;
        }

        output.Write([(byte)rest]);
    }

    private static long ReadNumber(ref ReadOnlySpan<byte> input)
    {
        var (value, shift, used) = (0UL, 0, 0);
        byte next;
        do
        {
            next = input[used++];
            value |= (ulong)(next & 0x7f) << shift;
            shift += 7;
        }
        while ((next & 0x80) != 0);

        input = input[used..];
        return (long)value;
    }

    // Clocks step back: small negative numbers stay short.
    private static long ZigZag(long value) => (value << 1) ^ (value >> 63);

    private static long UnZigZag(long value) => (long)((ulong)value >> 1) ^ -(value & 1);
}
