using System.Text;

namespace Speed.Deployments;

/// <summary>One stream, as far as the log has it and the engine kept it.</summary>
internal sealed class TakenOutput
{
    private const int RememberedBytes = 256 * 1024;

    private readonly TailBuffer _kept = new(RememberedBytes);
    private long _lineFeeds;
    private int _partial;

    /// <summary>Counts a line that the log has.</summary>
    public void Count(LogLine line)
    {
        if (line.Continues)
        {
            _partial += Encoding.UTF8.GetByteCount(line.Text);
        }
        else
        {
            _lineFeeds++;
            _partial = 0;
        }
    }

    /// <summary>Leaves out what the log has of the next bytes, masked, from the start.</summary>
    public ReadOnlyMemory<byte> SkipTaken(ReadOnlyMemory<byte> bytes)
    {
        while (_lineFeeds > 0 && !bytes.IsEmpty)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            if (end < 0)
            {
                return default;
            }

            bytes = bytes[(end + 1)..];
            _lineFeeds--;
        }

        var skipped = Math.Min(_partial, bytes.Length);
        _partial -= skipped;
        return bytes[skipped..];
    }

    /// <summary>Notes what the engine kept, not masked.</summary>
    public void Remember(ReadOnlySpan<byte> bytes)
    {
        _kept.Add(bytes);
        KeptBytes += bytes.Length;
    }

    /// <summary>How many bytes the engine had kept.</summary>
    public long KeptBytes { get; private set; }

    /// <summary>Where what was kept and what came since attaching meet, by their bytes.</summary>
    /// <param name="held">The first bytes that came since attaching.</param>
    /// <param name="least">As many of them surely were kept.</param>
    /// <param name="keptBefore">How many bytes the engine had kept before attaching; null where that is not known.</param>
    /// <param name="isFull">More came than was held.</param>
    public Join FindJoin(ReadOnlySpan<byte> held, long least, long? keptBefore, bool isFull)
    {
        var kept = _kept.ToArray().AsSpan();
        var most = keptBefore is { } before ? Math.Max(0, KeptBytes - before) : isFull ? kept.Length : held.Length;
        most = Math.Min(most, kept.Length);
        least = Math.Min(least, most);
        var (longest, next) = (-1, -1);
        for (var overlap = (int)most; overlap >= least && next < 0; overlap--)
        {
            if (Meet(kept, held, overlap))
            {
                (longest, next) = longest < 0 ? (overlap, -1) : (longest, overlap);
            }
        }

        var isSeen = longest <= held.Length || isFull;
        var isSure = longest >= 0 && (next < 0 || (next == 0 && isSeen && IsNew(kept, longest)));

        // The longest one: rather a gap on record than a line twice.
        return new Join(Math.Max(0, isSure || isSeen ? longest : held.Length), isSure);
    }

    /// <summary>The same by their lengths; null where the bytes contradict them.</summary>
    /// <param name="attachedAt">How many bytes the engine had taken when attaching began.</param>
    public Join? FindJoinAt(ReadOnlySpan<byte> held, long attachedAt)
    {
        var kept = _kept.ToArray().AsSpan();
        var overlap = KeptBytes - attachedAt;
        return overlap >= 0 && overlap <= kept.Length && Meet(kept, held, (int)overlap) ? new Join((int)overlap, true) : null;
    }

    private static bool Meet(ReadOnlySpan<byte> kept, ReadOnlySpan<byte> held, int overlap)
    {
        var seen = Math.Min(overlap, held.Length);
        return kept.Slice(kept.Length - overlap, seen).SequenceEqual(held[..seen]);
    }

    // A program that had never said this before has not just said it twice.
    private static bool IsNew(ReadOnlySpan<byte> kept, int length) =>
        kept.IndexOf(kept[^length..]) == kept.Length - length;
}

/// <summary>Where two copies of one stream meet.</summary>
/// <param name="Overlap">How many bytes at the start of the later one are in the earlier one, too.</param>
internal readonly record struct Join(int Overlap, bool IsSure);
