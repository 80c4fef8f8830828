namespace Speed.Deployments;

/// <summary>Why a life is cut short.</summary>
internal enum InterruptionCause
{
    None,
    /// <summary>A cancel was requested.</summary>
    Canceled,
    /// <summary>Its leader declared its end.</summary>
    Declared,
    /// <summary>A newer service of its like is up.</summary>
    Superseded,
    /// <summary>A newer service of its like needs its host port.</summary>
    Yielding,
    /// <summary>The disk is nearly full, and this one was chosen to be stopped.</summary>
    DiskFull,
    /// <summary>SPEED stops, or another owner has taken it over: it is not ours to end.</summary>
    Stopping,
}

/// <summary>Watches the store for what cuts a life short, and cancels <see cref="Token"/> then.</summary>
internal sealed class Interruption : IAsyncDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenSource _over;
    private readonly Deployment _deployment;
    private readonly IDeploymentStore _store;
    private readonly DiskGuard _disk;
    private readonly Bell _bell;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenRegistration _stop;
    private readonly Task _watching;
    private volatile InterruptionCause _cause;

    private Interruption(
        Deployment deployment, IDeploymentStore store, DiskGuard disk, Bell bell, TimeProvider time,
        CancellationToken stopping)
    {
        _deployment = deployment;
        _store = store;
        _disk = disk;
        _bell = bell;
        _time = time;
        _stopping = stopping;
        _over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _stop = stopping.Register(() => Interrupt(InterruptionCause.Stopping));
        _watching = WatchAsync();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Canceled when SPEED stops.</summary>
    public CancellationToken Stopping => _stopping;

    /// <summary>The first cause; none of the others follows it, except that SPEED may stop at any time.</summary>
    public InterruptionCause Cause => _stopping.IsCancellationRequested ? InterruptionCause.Stopping : _cause;

    /// <summary>True if its end is told by the store, or is left to another process.</summary>
    public bool EndsElsewhere =>
        Cause is InterruptionCause.Canceled or InterruptionCause.Declared or InterruptionCause.Superseded
            or InterruptionCause.Yielding or InterruptionCause.Stopping;

    public static Interruption Watch(
        Deployment deployment, IDeploymentStore store, DiskGuard disk, Bell bell, TimeProvider time,
        CancellationToken stopping) =>
        new(deployment, store, disk, bell, time, stopping);

    /// <summary>
    /// For whoever found its claim stale: the cause is in the store, and about to be seen. Always throws
    /// <see cref="OperationCanceledException"/>.
    /// </summary>
    public Task WaitAsync() => Task.Delay(Timeout.InfiniteTimeSpan, _time, Token);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching;
        await _stop.DisposeAsync();
        _over.Dispose();
        _source.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (_cause == InterruptionCause.None)
            {
                var ring = _bell.Next(_deployment.Id);
                await LookAsync();
                await ring.WaitAsync(_over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The life is over, or SPEED stops.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var cause = CauseIn(await _store.FindAsync(_deployment.Id, _over.Token));
            if (cause != InterruptionCause.None)
            {
                Interrupt(cause);
            }
        }
        catch (StoreUnavailableException)
        {
            // What the store cannot be read for does not keep a disk from running full.
            if (_disk.IsChosen(_deployment.Id))
            {
                Interrupt(InterruptionCause.DiskFull);
                return;
            }

            await Task.Delay(Retry.After, _time, _over.Token);
            _bell.Ring(_deployment.Id);
        }
    }

    private InterruptionCause CauseIn(Deployment? deployment) => deployment switch
    {
        null or { Status.IsFinal: true } => InterruptionCause.Declared,
        _ when deployment.Epoch != _deployment.Epoch => InterruptionCause.Stopping,
        { Cancel: not null } => InterruptionCause.Canceled,
        { SupersededBy: not null } => InterruptionCause.Superseded,
        { YieldsTo: not null } => InterruptionCause.Yielding,
        _ when _disk.IsChosen(_deployment.Id) => InterruptionCause.DiskFull,
        _ => InterruptionCause.None,
    };

    private void Interrupt(InterruptionCause cause)
    {
        _cause = cause;
        _source.Cancel();
    }
}
