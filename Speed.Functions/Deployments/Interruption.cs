namespace Speed.Deployments;

/// <summary>Why a life is cut short.</summary>
internal enum InterruptionCause
{
    None,
    /// <summary>A cancel was requested.</summary>
    Canceled,
    /// <summary>Its leader declared its end.</summary>
    Declared,
    /// <summary>SPEED stops, or another owner has taken it over: it is not ours to end.</summary>
    Stopping,
}

/// <summary>Watches the store for what cuts a life short, and cancels <see cref="Token"/> then.</summary>
internal sealed class Interruption : IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenSource _over;
    private readonly Deployment _deployment;
    private readonly IDeploymentStore _store;
    private readonly Bell _bell;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenRegistration _stop;
    private readonly Task _watching;
    private volatile InterruptionCause _cause;

    private Interruption(
        Deployment deployment, IDeploymentStore store, Bell bell, TimeProvider time, CancellationToken stopping)
    {
        _deployment = deployment;
        _store = store;
        _bell = bell;
        _time = time;
        _stopping = stopping;
        _over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _stop = stopping.Register(() => Interrupt(InterruptionCause.Stopping));
        _watching = WatchAsync();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Cancels when SPEED stops, whatever had cut the life short before.</summary>
    public CancellationToken Stopping => _stopping;

    /// <summary>The first cause; none of the others follows it, except that SPEED may stop at any time.</summary>
    public InterruptionCause Cause => _stopping.IsCancellationRequested ? InterruptionCause.Stopping : _cause;

    public static Interruption Watch(
        Deployment deployment, IDeploymentStore store, Bell bell, TimeProvider time, CancellationToken stopping) =>
        new(deployment, store, bell, time, stopping);

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
            await Task.Delay(RetryAfter, _time, _over.Token);
            _bell.Ring(_deployment.Id);
        }
    }

    private InterruptionCause CauseIn(Deployment? deployment) => deployment switch
    {
        null or { Status.IsFinal: true } => InterruptionCause.Declared,
        _ when deployment.Epoch != _deployment.Epoch => InterruptionCause.Stopping,
        { Cancel: not null } => InterruptionCause.Canceled,
        _ => InterruptionCause.None,
    };

    private void Interrupt(InterruptionCause cause)
    {
        _cause = cause;
        _source.Cancel();
    }
}
