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

    private static readonly TimeSpan LongestTransit = TimeSpan.FromSeconds(2);

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
        var keptBefore = runs ? await container.MeasureKeptAsync(until: null, life.Token) : null;
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

        // What was held a moment before the reading began is in what is read. A talkative program has something held by
        // then, which tells where the two meet.
        await WaitAsync(runs);
        var surelyKept = runs ? _held.Lengths : new Dictionary<LogStream, long>();
        await WaitAsync(runs);
        var isWhole = await container.ReadKeptAsync(known ? AddKeptAsync : AddNewAsync, life.Token);
        var joins = runs ? await FindJoinsAsync(container, surelyKept, keptBefore) : [];
        if (!isWhole || joins.Values.Any(join => !join.IsSure))
        {
            await NoteGapAsync();
        }

        var rest = new SkippingSink(joins.ToDictionary(join => join.Key, join => join.Value.Overlap), sink.WriteAsync);
        foreach (var (stream, bytes) in _held.Take())
        {
            await rest.WriteAsync(stream, bytes, life.Token);
        }

        _held.Release(rest.WriteAsync);
    }

    // Where what was kept and what is attached meet: by their bytes, or else by their lengths.
    private async Task<Dictionary<LogStream, Join>> FindJoinsAsync(
        IContainer container, IReadOnlyDictionary<LogStream, long> surelyKept, IReadOnlyDictionary<LogStream, long>? keptBefore)
    {
        await UntilHeldAsync(keptBefore);
        var held = _held.Look();
        var joins = _taken.ToDictionary(
            stream => stream.Key,
            stream => stream.Value.FindJoin(
                held.GetValueOrDefault(stream.Key, []),
                surelyKept.GetValueOrDefault(stream.Key),
                keptBefore?.GetValueOrDefault(stream.Key),
                _held.IsFull));
        if (joins.Values.All(join => join.IsSure) || await FindAttachedAtAsync(container) is not { } attachedAt)
        {
            return joins;
        }

        held = _held.Look();
        return joins.ToDictionary(
            join => join.Key,
            join => join.Value is { IsSure: false } && _taken[join.Key].FindJoinAt(
                held.GetValueOrDefault(join.Key, []), attachedAt.GetValueOrDefault(join.Key)) is { } found
                ? found
                : join.Value);
    }

    // All that the engine took after attaching comes some day, on a busy machine later. What came in between, and before
    // attaching, never does.
    private async Task UntilHeldAsync(IReadOnlyDictionary<LogStream, long>? keptBefore)
    {
        var began = time.GetTimestamp();
        do
        {
            await WaitAsync(runs: true);
        }
        while (!HoldsAll() && !_held.IsFull && time.GetElapsedTime(began) < LongestTransit);

        bool HoldsAll()
        {
            var held = _held.Lengths;
            return keptBefore is null || _taken.All(stream =>
                held.GetValueOrDefault(stream.Key) >= stream.Value.KeptBytes - keptBefore.GetValueOrDefault(stream.Key));
        }
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
