using System.Buffers;

namespace Speed.Deployments;

/// <summary>
/// Finds secrets in base64 that goes on over the ends of lines, in bytes that come in pieces: a line feed behind at least
/// <see cref="LeastLine"/> digits, with a carriage return before it and white space behind it or without, is no part of the
/// text. What has a secret on one line is left to others.
/// </summary>
/// <param name="patterns">Digits of base64 alone. Whoever holds back what comes must look for all of them, too.</param>
internal sealed class WrappedBase64(PatternSet patterns)
{
    /// <summary>
    /// How long a line is at least behind which base64 goes on, in digits. Encoders break it at 60 to 76. After a shorter
    /// line the end of many a word would have to be held back, for it might be the beginning of a secret.
    /// </summary>
    public const int LeastLine = 48;

    private static readonly SearchValues<byte> Digits =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"u8);

    private readonly int _longestTail = Math.Max(LeastLine, patterns.Longest);

    // The digits right before the text; no more than count.
    private byte[] _tail = [];
    private int _state = PatternSet.Nothing;
    private Break _break;

    private enum Break
    {
        None,

        /// <summary>A carriage return came; a line feed has to follow.</summary>
        Return,

        /// <summary>The line feed came; the next line begins.</summary>
        Indent,
    }

    /// <summary>How many bytes at the end of the text, with the line feeds in them, may be the beginning of a secret.</summary>
    public int Begun(ReadOnlySpan<byte> text) => text.Length - StartOf(text, text.Length, patterns.Begun(_state));

    /// <summary>Calls <paramref name="cover"/> with the start and the end of each that ends from <paramref name="from"/> on.</summary>
    public void Find(ReadOnlySpan<byte> text, int from, Action<int, int> cover)
    {
        for (var at = from; at < text.Length;)
        {
            if (_state != PatternSet.Nothing)
            {
                at += GoOn(text, at, cover);
            }
            else if (text[at..].IndexOfAny((byte)'\r', (byte)'\n') is >= 0 and var length)
            {
                at += length;
                Begin(text, at++);
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>So many bytes of the text will not be in the next one.</summary>
    public void Drop(ReadOnlySpan<byte> text, int count)
    {
        var kept = DigitsBefore(text, count);
        _tail = kept <= count
            ? text[(count - kept)..count].ToArray()
            : [.. _tail.AsSpan(_tail.Length - (kept - count)), .. text[..count]];
    }

    public void Reset() => (_tail, _state, _break) = ([], PatternSet.Nothing, Break.None);

    // At the end of a line: what has begun on it.
    private void Begin(ReadOnlySpan<byte> text, int end)
    {
        var length = DigitsBefore(text, end);
        if (length < LeastLine)
        {
            return;
        }

        var inTail = Math.Max(0, length - end);
        foreach (var value in _tail.AsSpan(_tail.Length - inTail))
        {
            _state = patterns.Next(_state, value);
        }

        foreach (var value in text[(end - length + inTail)..end])
        {
            _state = patterns.Next(_state, value);
        }

        _break = text[end] == '\r' ? Break.Return : Break.Indent;
    }

    // How many bytes further.
    private int GoOn(ReadOnlySpan<byte> text, int at, Action<int, int> cover)
    {
        var value = text[at];
        switch (_break)
        {
            case Break.Return:
                (_state, _break) = value == '\n' ? (_state, Break.Indent) : (PatternSet.Nothing, Break.None);
                return value == '\n' ? 1 : 0;
            case Break.Indent when value is (byte)' ' or (byte)'\t':
                return 1;
        }

        _break = Break.None;
        if (value is (byte)'\r' or (byte)'\n' && DigitsBefore(text, at) >= LeastLine)
        {
            _break = value == '\r' ? Break.Return : Break.Indent;
            return 1;
        }

        _state = patterns.Next(_state, value);
        if (patterns.Found(_state) is > 0 and var length)
        {
            cover(StartOf(text, at + 1, length), at + 1);
        }

        return 1;
    }

    private int DigitsBefore(ReadOnlySpan<byte> text, int end)
    {
        var start = end - Math.Min(end, _longestTail);
        var other = text[start..end].LastIndexOfAnyExcept(Digits);
        var length = end - start - other - 1;
        return length == end && end < _longestTail ? Math.Min(_longestTail, end + _tail.Length) : length;
    }

    // What is no digit there is between two lines. What is missing of it was given out: it was covered.
    private static int StartOf(ReadOnlySpan<byte> text, int end, int digits)
    {
        var start = end;
        while (digits > 0 && start > 0)
        {
            digits -= Digits.Contains(text[--start]) ? 1 : 0;
        }

        return start;
    }
}
