using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>
/// Makes room on a disk that is nearly full. First what can be made again or is needed no more goes; then one life after
/// another is stopped, each only while there still is too little room (<see cref="DiskConsumer"/> says which). What lives
/// take is looked at only while a disk is low.
/// </summary>
public sealed partial class DiskRelief(
    DiskGuard disk, LivesAtWork lives, IRunner runner, Retention retention, TimeProvider time, ILogger<DiskRelief> logger)
{
    private static readonly TimeSpan LookEach = TimeSpan.FromSeconds(10);

    // For a clean-up, and for one that is stopped to be gone: after that the next step is taken all the same.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<long, long> _before = [];
    private IReadOnlyList<DiskConsumer> _consumers = [];
    private long? _lookedAt;
    private long? _spareBefore;
    private Task? _cleaning;
    private (long Id, long At)? _stopped;

    /// <summary>Takes the next step where one is due. Called each second, by one caller.</summary>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        if (disk.Level == DiskLevel.Enough)
        {
            Forget();
            return;
        }

        if (_lookedAt is not { } looked || time.GetElapsedTime(looked) >= LookEach)
        {
            await LookAsync(cancellationToken);
        }

        if (disk.Level != DiskLevel.Critical)
        {
            _cleaning = null;
        }
        else if (await HasCleanedAsync(cancellationToken) && !IsStopping() && IsStillCritical())
        {
            StopNext();
        }
    }

    // What was seen last is up to a second old, and the one that was stopped may have made room since.
    private bool IsStillCritical()
    {
        disk.Look();
        return disk.Level == DiskLevel.Critical;
    }

    private void Forget()
    {
        _before.Clear();
        (_consumers, _lookedAt, _spareBefore, _cleaning, _stopped) = ([], null, null, null, null);
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var layers = await MeasureAsync(cancellationToken);
        var consumers = lives.All.Select(life => Weigh(life, layers)).ToList();
        var elsewhere = Math.Max(0, (_spareBefore - disk.SpareBytes ?? 0) - consumers.Sum(one => one.Growth));

        // Nobody tells what one build takes on the engine. What the disk lost to no container is put down to the newest.
        var newest = consumers.FindLastIndex(one => one.Kind == DiskConsumerKind.Build);
        if (newest >= 0)
        {
            consumers[newest] = consumers[newest] with { Growth = consumers[newest].Growth + elsewhere };
        }

        (_consumers, _lookedAt, _spareBefore) = (consumers, time.GetTimestamp(), disk.SpareBytes);
        foreach (var one in consumers)
        {
            _before[one.Id] = one.Bytes;
        }
    }

    private DiskConsumer Weigh(Life life, IReadOnlyDictionary<long, long> layers)
    {
        var kind = life.Log.Phase != DeploymentPhase.Run ? DiskConsumerKind.Build
            : life.Deployment.IsService ? DiskConsumerKind.Service
            : DiskConsumerKind.Job;
        var bytes = layers.GetValueOrDefault(life.Deployment.Id) + life.Log.Bytes;

        // One that was not seen before has grown to what it is, but for a service, which may have been up for a year.
        var before = _before.TryGetValue(life.Deployment.Id, out var known) ? known
            : kind == DiskConsumerKind.Service ? bytes
            : 0;
        return new DiskConsumer(life.Deployment.Id, kind, bytes, Math.Max(0, bytes - before));
    }

    private async Task<IReadOnlyDictionary<long, long>> MeasureAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await runner.MeasureContainersAsync(cancellationToken).WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            // Then logs alone are compared.
            LogNotMeasured(fault);
            return new Dictionary<long, long>();
        }
    }

    // A store that has met a full disk cannot wait for that.
    private async Task<bool> HasCleanedAsync(CancellationToken cancellationToken)
    {
        if (disk.IsFull || _cleaning is { IsCompleted: true })
        {
            return true;
        }

        _cleaning ??= CleanAsync(cancellationToken);
        await Task.WhenAny(_cleaning, Task.Delay(Patience, time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return true;
    }

    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        try
        {
            await retention.CollectAsync(cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotCleaned(fault);
        }
    }

    private bool IsStopping() =>
        _stopped is { } stopped && lives.Has(stopped.Id) && time.GetElapsedTime(stopped.At) < Patience;

    private void StopNext()
    {
        var left = _consumers.Where(one => lives.Has(one.Id) && !disk.IsChosen(one.Id)).ToList();
        if (DiskConsumer.FindNext(left) is not { } next)
        {
            return;
        }

        _stopped = (next.Id, time.GetTimestamp());
        LogStopped(next.Id, next.Why);
        disk.Choose(next.Id, next.Why);
    }

    [LoggerMessage(LogLevel.Warning, "Deployment {Id} is stopped for want of room on the disk, because {Why}")]
    private partial void LogStopped(long id, string why);

    [LoggerMessage(LogLevel.Warning, "What containers take could not be measured; the next look follows")]
    private partial void LogNotMeasured(Exception fault);

    [LoggerMessage(LogLevel.Warning, "Clean-up for want of room met a fault")]
    private partial void LogNotCleaned(Exception fault);
}
