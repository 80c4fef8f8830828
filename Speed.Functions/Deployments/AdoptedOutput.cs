using System.Text;

namespace Speed.Deployments;

/// <summary>
/// Goes on with the output of a container that ran on while SPEED was away. The engine kept it from the start: what
/// the log has already is skipped, by counting line feeds per stream, and the rest is joined to what comes from now
/// on. Where the log lacks lines, or the engine has dropped some, counting tells nothing: a gap is noted, and what the
/// engine took after the log's last line follows. Where the join cannot be told for sure, a gap says so, too.
/// </summary>
internal sealed class AdoptedOutput(Life life, RunOutputSink sink, TimeProvider time)
{
    // How long the engine may take to have in one place what it has in the other: its own log, and what is attached.
    private static readonly TimeSpan InTransit = TimeSpan.FromMilliseconds(100);

    // A line's time in the log is that of its arrival, a moment after the engine's own.
    private static readonly TimeSpan Arrival = TimeSpan.FromSeconds(1);

    private const int MostMeasurements = 2;

    private readonly HeldOutput _held = new();
    private readonly Dictionary<LogStream, TakenOutput> _taken = new()
    {
        [LogStream.Stdout] = new TakenOutput(),
        [LogStream.Stderr] = new TakenOutput(),
    };

    private Dictionary<LogStream, long> _old = [];
    private DateTimeOffset? _firstTakenAt;
    private DateTimeOffset? _lastTakenAt;

    /// <summary>Returns once the log has all up to now; from then on the container's output goes on to the sink.</summary>
    public async Task JoinAsync(IContainer container, ILogStore logs)
    {
        var known = await CountTakenAsync(logs);
        var runs = container.State == ContainerState.Running;
        if (runs)
        {
            await container.AttachAsync(_held.WriteAsync, life.Token);

            // Ended meanwhile: what the engine kept is all there is.
            runs = container.State == ContainerState.Running;
        }

        if (!known || !await IsKeptFromItsStartAsync(container))
        {
            known = false;
            await NoteGapAsync();
            _old = _lastTakenAt is { } last ? await MeasureOldAsync(container, last + Arrival) : [];
        }

        // What was held a moment before the reading began is in what is read; what comes a moment after its end is not.
        // A talkative program has something held by then, which tells where the two meet.
        await WaitAsync(runs);
        var surelyKept = runs ? _held.Lengths : new Dictionary<LogStream, long>();
        await WaitAsync(runs);
        var isWhole = await container.ReadKeptAsync(known ? AddKeptAsync : AddNewAsync, life.Token);
        await WaitAsync(runs);
        var attachedAt = runs && _held.Sum > surelyKept.Values.Sum() ? await FindAttachedAtAsync(container) : null;
        var held = runs ? _held.Take() : new Dictionary<LogStream, byte[]>();

        var joins = _taken.ToDictionary(
            stream => stream.Key,
            stream => stream.Value.Join(
                held.GetValueOrDefault(stream.Key, []),
                surelyKept.GetValueOrDefault(stream.Key),
                attachedAt?.GetValueOrDefault(stream.Key),
                runs && _held.IsFull));
        if (!isWhole || joins.Values.Any(join => !join.IsSure))
        {
            await NoteGapAsync();
        }

        var rest = new SkippingSink(joins.ToDictionary(join => join.Key, join => join.Value.Overlap), sink.WriteAsync);
        foreach (var (stream, bytes) in held)
        {
            await rest.WriteAsync(stream, bytes, life.Token);
        }

        _held.Release(rest.WriteAsync);
    }

    // Where the engine does not say, all of it is old: the gap is on record, and no line comes twice.
    private async Task<Dictionary<LogStream, long>> MeasureOldAsync(IContainer container, DateTimeOffset until) =>
        await container.MeasureKeptAsync(until, life.Token) is { } kept
            ? new(kept)
            : _taken.Keys.ToDictionary(stream => stream, _ => long.MaxValue);

    private Task NoteGapAsync() =>
        life.Log.NoteGapAsync("SPEED was restarted, and lines are missing here", life.Token);

    private Task WaitAsync(bool runs) => runs ? Task.Delay(InTransit, time, life.Token) : Task.CompletedTask;

    // How much of each stream the engine had when attaching began, by length alone: while a program says nothing, all that
    // it said is in both places. Null where it does not stop talking, or the engine gives nothing to measure.
    private async Task<Dictionary<LogStream, long>?> FindAttachedAtAsync(IContainer container)
    {
        for (var n = 0; n < MostMeasurements && !_held.IsFull; n++)
        {
            var before = _held.Lengths;
            await WaitAsync(runs: true);
            var kept = await container.MeasureKeptAsync(until: null, life.Token);
            await WaitAsync(runs: true);
            if (kept is null)
            {
                return null;
            }

            // Full, what came since is not in the sum.
            if (_held.Sum == before.Values.Sum() && !_held.IsFull)
            {
                return kept.ToDictionary(
                    stream => stream.Key, stream => stream.Value - before.GetValueOrDefault(stream.Key));
            }
        }

        return null;
    }

    // The engine starts its file anew when that is full: counting from its start would then leave out the wrong lines.
    private async Task<bool> IsKeptFromItsStartAsync(IContainer container) =>
        _firstTakenAt is not { } first
        || (await container.FindOldestKeptAsync(life.Token) is { } oldest && oldest <= first + Arrival);

    // False if the log lacks lines, so that counting says nothing.
    private async Task<bool> CountTakenAsync(ILogStore logs)
    {
        var lacksNone = true;
        for (long after = 0; ;)
        {
            var page = await logs.ReadAsync(life.Deployment.Id, after, life.Token);
            if (page.Count == 0)
            {
                return lacksNone;
            }

            foreach (var entry in page)
            {
                lacksNone &= entry is LogLine;
                if (entry is LogLine { Phase: DeploymentPhase.Run } line && _taken.TryGetValue(line.Stream, out var taken))
                {
                    taken.Count(line);
                    _firstTakenAt ??= line.At;
                    _lastTakenAt = line.At;
                }
            }

            after = page[^1].Last;
        }
    }

    // What the log has is masked, and the engine's copy is not: masked from its start, with the same values as then, the
    // two are alike to the byte. Where kept and attached meet, both are as the engine gave them.
    private async ValueTask AddKeptAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _taken[stream].Remember(bytes.Span);
        await sink.LogAsync(stream, _taken[stream].SkipTaken(sink.Collect(stream, bytes)), cancellationToken);
    }

    // What is surely newer than all that the log has; of the rest only the results are collected.
    private async ValueTask AddNewAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _taken[stream].Remember(bytes.Span);
        var old = (int)Math.Min(_old.GetValueOrDefault(stream), bytes.Length);
        _old[stream] = _old.GetValueOrDefault(stream) - old;
        sink.Collect(stream, bytes[..old]);
        await sink.LogAsync(stream, sink.Collect(stream, bytes[old..]), cancellationToken);
    }
}

/// <summary>One stream, as far as the log has it and the engine kept it.</summary>
internal sealed class TakenOutput
{
    private const int RememberedBytes = 256 * 1024;

    private readonly TailBuffer _kept = new(RememberedBytes);
    private long _keptBytes;
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
        _keptBytes += bytes.Length;
    }

    /// <summary>How many bytes at the start of what came since attaching had been kept, too.</summary>
    /// <param name="held">The first bytes that came since attaching.</param>
    /// <param name="least">As many of them surely were kept.</param>
    /// <param name="attachedAt">How many bytes the engine had kept when attaching began; null where that is not known.</param>
    /// <param name="isFull">More came than was held.</param>
    public (int Overlap, bool IsSure) Join(ReadOnlySpan<byte> held, long least, long? attachedAt, bool isFull)
    {
        var kept = _kept.ToArray().AsSpan();
        var most = isFull ? kept.Length : Math.Min(kept.Length, held.Length);
        if (attachedAt is { } at)
        {
            least = Math.Max(0, _keptBytes - at);
            most = (int)Math.Min(most, least);
        }

        var found = 0;
        var matches = 0;
        for (var overlap = most; overlap >= least && matches < 2; overlap--)
        {
            var seen = Math.Min(overlap, held.Length);
            if (kept.Slice(kept.Length - overlap, seen).SequenceEqual(held[..seen]))
            {
                // The longest one: rather a gap on record than a line twice.
                found = Math.Max(found, overlap);
                matches++;
            }
        }

        return (found, matches == 1);
    }
}

/// <summary>Leaves out the first bytes of each stream.</summary>
internal sealed class SkippingSink(Dictionary<LogStream, int> left, OutputSink sink)
{
    public ValueTask WriteAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var skipped = Math.Min(left.GetValueOrDefault(stream), bytes.Length);
        left[stream] = left.GetValueOrDefault(stream) - skipped;
        return sink(stream, bytes[skipped..], cancellationToken);
    }
}
