namespace Speed.Deployments;

/// <summary>Keeps the last <paramref name="capacity"/> bytes of what is added.</summary>
internal sealed class TailBuffer(int capacity)
{
    private byte[] _bytes = new byte[Math.Min(capacity, 4096)];
    private int _start;
    private int _count;

    /// <summary>How many bytes are no longer there.</summary>
    public long Dropped { get; private set; }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > capacity)
        {
            Dropped += bytes.Length - capacity;
            bytes = bytes[^capacity..];
        }

        Grow(_count + bytes.Length);
        foreach (var piece in Pieces(bytes.Length))
        {
            bytes[..piece.Length].CopyTo(_bytes.AsSpan(piece.Offset, piece.Length));
            bytes = bytes[piece.Length..];
        }
    }

    public byte[] ToArray()
    {
        var copy = new byte[_count];
        var first = Math.Min(_count, _bytes.Length - _start);
        _bytes.AsSpan(_start, first).CopyTo(copy);
        _bytes.AsSpan(0, _count - first).CopyTo(copy.AsSpan(first));
        return copy;
    }

    // Where the next bytes go: one or two stretches of the ring.
    private List<(int Offset, int Length)> Pieces(int length)
    {
        var offset = (_start + _count) % _bytes.Length;
        var first = Math.Min(length, _bytes.Length - offset);
        var dropped = Math.Max(0, _count + length - _bytes.Length);
        _start = (_start + dropped) % _bytes.Length;
        _count = _count + length - dropped;
        Dropped += dropped;
        return [(offset, first), (0, length - first)];
    }

    private void Grow(int wanted)
    {
        if (wanted <= _bytes.Length || _bytes.Length == capacity)
        {
            return;
        }

        var kept = ToArray();
        _bytes = new byte[Math.Min(capacity, Math.Max(wanted, _bytes.Length * 2))];
        kept.CopyTo(_bytes, 0);
        _start = 0;
    }
}
