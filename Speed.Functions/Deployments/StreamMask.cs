using System.Buffers;

namespace Speed.Deployments;

/// <summary>
/// Masks one stream of bytes that come in pieces; what comes out does not depend on how they were cut. Whatever is
/// covered by patterns, though they overlap, becomes <c>***</c> once on each of its lines: line feeds stay, so that the
/// masked stream has as many lines as the stream itself.
/// </summary>
/// <remarks>
/// Held back is only what may yet turn out to be a secret: the beginning of one at the very end of what came. Time sets
/// nothing free, or a program that pauses in the middle of a secret would print it. A line that has ended waits only
/// where it is a beginning of a secret of several lines, or ends with one in a long line of base64.
/// </remarks>
internal sealed class StreamMask(Masker masker)
{
    private const byte LineFeed = (byte)'\n';

    private readonly PatternSet? _patterns = masker.Patterns;
    private readonly WrappedBase64? _wrapped = masker.Base64 is { } base64 ? new WrappedBase64(base64) : null;
    private readonly ArrayBufferWriter<byte> _masked = new();

    // Of the text held and added: the stretches that patterns cover, in order, none touching another.
    private readonly List<(int Start, int End)> _covered = [];
    private ReadOnlyMemory<byte> _held;
    private int _state = PatternSet.Nothing;
    private bool _lastWasMasked;

    /// <summary>What can be told by now; good until the next call.</summary>
    public ReadOnlyMemory<byte> Add(ReadOnlyMemory<byte> bytes)
    {
        if (_patterns is null || bytes.IsEmpty)
        {
            return bytes;
        }

        var text = _held.IsEmpty ? bytes : (byte[])[.. _held.Span, .. bytes.Span];
        Find(_patterns, text.Span, _held.Length);
        _wrapped?.Find(text.Span, _held.Length, Cover);
        var begun = Math.Max(_patterns.Begun(_state), _wrapped?.Begun(text.Span) ?? 0);
        var certain = CertainLength(text.Span, text.Length - begun);
        var masked = Mask(text[..certain]);
        _wrapped?.Drop(text.Span, certain);
        Hold(text[certain..], certain);
        return masked;
    }

    /// <summary>The rest: the stream has ended.</summary>
    public ReadOnlyMemory<byte> End()
    {
        var masked = Mask(_held);
        Hold(default, _held.Length);
        _state = PatternSet.Nothing;
        _wrapped?.Reset();
        return masked;
    }

    private void Find(PatternSet patterns, ReadOnlySpan<byte> text, int from)
    {
        while (true)
        {
            from = _state == PatternSet.Nothing ? patterns.Leap(text, from) : from;
            if (from >= text.Length)
            {
                return;
            }

            _state = patterns.Next(_state, text[from++]);
            if (patterns.Found(_state) is > 0 and var length)
            {
                // It may have begun in what was given out already: covered, or line feeds.
                Cover(Math.Max(0, from - length), from);
            }
        }
    }

    private void Cover(int start, int end)
    {
        var at = _covered.Count;
        while (at > 0 && _covered[at - 1].End >= start)
        {
            at--;
        }

        while (at < _covered.Count && _covered[at].Start <= end)
        {
            (start, end) = (Math.Min(start, _covered[at].Start), Math.Max(end, _covered[at].End));
            _covered.RemoveAt(at);
        }

        _covered.Insert(at, (start, end));
    }

    // Of what may be a beginning, that is certain which is covered anyway, and line feeds, which stay in any case.
    private int CertainLength(ReadOnlySpan<byte> text, int length)
    {
        length = Math.Max(0, length);
        var next = 0;
        while (length < text.Length)
        {
            while (next < _covered.Count && _covered[next].End <= length)
            {
                next++;
            }

            if (next < _covered.Count && _covered[next].Start <= length)
            {
                length = _covered[next].End;
            }
            else if (text[length] == LineFeed)
            {
                length++;
            }
            else
            {
                break;
            }
        }

        return length;
    }

    private ReadOnlyMemory<byte> Mask(ReadOnlyMemory<byte> text)
    {
        if (_covered.Count == 0 || _covered[0].Start >= text.Length)
        {
            _lastWasMasked &= text.IsEmpty;
            return text;
        }

        _masked.ResetWrittenCount();
        var at = 0;
        foreach (var (start, end) in _covered.TakeWhile(stretch => stretch.Start < text.Length))
        {
            WritePlain(text.Span[at..start]);
            WriteMasked(text.Span[start..end]);
            at = end;
        }

        WritePlain(text.Span[at..]);
        return _masked.WrittenMemory;
    }

    private void WritePlain(ReadOnlySpan<byte> bytes)
    {
        _masked.Write(bytes);
        _lastWasMasked &= bytes.IsEmpty;
    }

    private void WriteMasked(ReadOnlySpan<byte> bytes)
    {
        foreach (var line in bytes.Split(LineFeed))
        {
            if (line.Start.Value > 0)
            {
                WritePlain([LineFeed]);
            }

            if (!bytes[line].IsEmpty && !_lastWasMasked)
            {
                _masked.Write("***"u8);
                _lastWasMasked = true;
            }
        }
    }

    private void Hold(ReadOnlyMemory<byte> rest, int given)
    {
        _held = rest.ToArray();
        _covered.RemoveAll(stretch => stretch.End <= given);
        for (var i = 0; i < _covered.Count; i++)
        {
            _covered[i] = (_covered[i].Start - given, _covered[i].End - given);
        }
    }
}
