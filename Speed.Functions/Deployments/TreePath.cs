using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Speed.Deployments;

/// <summary>
/// Paths of a source tree as text. Git's names are bytes, and not all of them are UTF-8: each byte that is not stands
/// as one lone surrogate, U+DC80 to U+DCFF, so that no two names become one and all can be written as they were.
/// </summary>
internal static class TreePath
{
    private const int Lone = 0xDC00;

    /// <summary>The text for a name's bytes.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (bytes.Length > 0)
        {
            // One byte at a time where it is no UTF-8, as Docker's own matching takes it.
            var isRune = Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done;
            _ = isRune ? text.Append(rune.ToString()) : text.Append((char)(Lone + bytes[0]));
            bytes = bytes[(isRune ? length : 1)..];
        }

        return text.ToString();
    }

    /// <summary>The bytes that the text stands for.</summary>
    public static byte[] Encode(string path)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(path.Length)];
        var length = 0;
        for (var i = 0; i < path.Length;)
        {
            if (Rune.TryGetRuneAt(path, i, out var rune))
            {
                length += rune.EncodeToUtf8(bytes.AsSpan(length));
                i += rune.Utf16SequenceLength;
            }
            else
            {
                bytes[length++] = (byte)path[i++];
            }
        }

        return bytes[..length];
    }

    /// <summary>For people: what is no character, or none that can be seen, is escaped.</summary>
    public static string Show(string path)
    {
        if (!path.Any(IsUnseen))
        {
            return path;
        }

        var shown = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            var isPair = char.IsHighSurrogate(path[i]) && i + 1 < path.Length;
            _ = path[i] switch
            {
                '\n' => shown.Append(@"\n"),
                '\r' => shown.Append(@"\r"),
                '\t' => shown.Append(@"\t"),
                _ when isPair => shown.Append(path, i++, 2),
                var one when IsUnseen(one) => shown.Append(CultureInfo.InvariantCulture, $@"\x{(byte)one:x2}"),
                var one => shown.Append(one),
            };
        }

        return shown.ToString();
    }

    private static bool IsUnseen(char one) => char.IsControl(one) || char.IsSurrogate(one);
}
