using System.Buffers;
using System.Text;

namespace Speed.Deployments;

/// <summary>
/// What a program printed, as far as results need it: of stdout at most a mebibyte (its first and its last
/// half), of stderr the last 4 KiB. What is not UTF-8 becomes U+FFFD.
/// </summary>
public sealed class RunOutput
{
    /// <summary>A result's most bytes in UTF-8, the marker between head and tail included.</summary>
    public const int MaxResultBytes = 1024 * 1024;

    private const int MarkerBytes = 64;
    private const int HalfBytes = (MaxResultBytes - MarkerBytes) / 2;
    private const int StderrBytes = 4 * 1024;

    private readonly ArrayBufferWriter<byte> _head = new();
    private readonly TailBuffer _tail = new(HalfBytes);
    private readonly TailBuffer _stderr = new(StderrBytes);

    public void Add(LogStream stream, ReadOnlySpan<byte> bytes)
    {
        if (stream == LogStream.Stderr)
        {
            _stderr.Add(bytes);
            return;
        }

        var room = Math.Min(HalfBytes - _head.WrittenCount, bytes.Length);
        _head.Write(bytes[..room]);
        _tail.Add(bytes[room..]);
    }

    /// <summary>The results of a run: stdout unless empty, and after a non-zero exit the end of stderr.</summary>
    public IReadOnlyList<NewResult> ToResults(bool exitedWithError)
    {
        List<NewResult> results = [];
        Add(results, ResultSource.Stdout, Stdout());
        if (exitedWithError)
        {
            Add(results, ResultSource.Stderr, Decode(_stderr.ToArray(), fromEnd: true, StderrBytes));
        }

        return results;
    }

    /// <summary>True if the end of stderr has this text, whatever its case.</summary>
    public bool StderrMentions(string text) =>
        Encoding.UTF8.GetString(_stderr.ToArray()).Contains(text, StringComparison.OrdinalIgnoreCase);

    private static void Add(List<NewResult> results, ResultSource source, string text)
    {
        var value = text.EndsWith('\n') ? text[..^1] : text;
        if (value.Length > 0)
        {
            results.Add(new NewResult(source, value));
        }
    }

    private string Stdout()
    {
        var head = _head.WrittenSpan.ToArray();
        var tail = _tail.ToArray();
        if (_tail.Dropped == 0)
        {
            // Decoded as one, for a character may lie across the two halves.
            byte[] whole = [.. head, .. tail];
            var text = Encoding.UTF8.GetString(whole);
            if (Encoding.UTF8.GetByteCount(text) <= MaxResultBytes)
            {
                return text;
            }
        }

        var marker = $"\n[{_tail.Dropped} bytes left out]\n";
        return Decode(head, fromEnd: false, HalfBytes) + marker + Decode(tail, fromEnd: true, HalfBytes);
    }

    // U+FFFD takes three bytes where the broken one took one, so what was read within a limit may exceed it.
    private static string Decode(byte[] bytes, bool fromEnd, int maxBytes)
    {
        var clean = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes));
        if (clean.Length > maxBytes)
        {
            clean = fromEnd ? clean[^maxBytes..] : clean[..maxBytes];
        }

        return Encoding.UTF8.GetString(fromEnd ? SkipBrokenStart(clean) : DropBrokenEnd(clean));
    }

    private static ReadOnlySpan<byte> SkipBrokenStart(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && (bytes[0] & 0xC0) == 0x80)
        {
            bytes = bytes[1..];
        }

        return bytes;
    }

    private static ReadOnlySpan<byte> DropBrokenEnd(ReadOnlySpan<byte> bytes)
    {
        for (var back = 0; back < 4 && !System.Text.Unicode.Utf8.IsValid(bytes); back++)
        {
            bytes = bytes[..^1];
        }

        return bytes;
    }
}
