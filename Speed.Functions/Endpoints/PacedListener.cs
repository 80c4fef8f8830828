using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Speed.Endpoints;

/// <summary>
/// Listens, and takes so many connections at once and so many a second. They come as fast as somebody can open them: taken
/// as fast, they would keep the whole process from everything else. Those beyond wait in the system's own queue.
/// </summary>
internal sealed class PacedListener(IConnectionListener listener, TimeProvider time) : IConnectionListener
{
    private const double Burst = 256;
    private const double PerSecond = 1_000;

    private readonly CancellationTokenSource _unbound = new();
    private double _room = Burst;
    private long _lookedAt = time.GetTimestamp();

    public EndPoint EndPoint => listener.EndPoint;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            while (!TakeRoom())
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), time, _unbound.Token);
            }
        }
        catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
        {
            // The listener below says that there will be no more.
        }

        return await listener.AcceptAsync(cancellationToken);
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _unbound.CancelAsync();
        await listener.UnbindAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _unbound.Dispose();
        return listener.DisposeAsync();
    }

    // Asked by one at a time: whoever accepts.
    private bool TakeRoom()
    {
        var now = time.GetTimestamp();
        _room = Math.Min(Burst, _room + (time.GetElapsedTime(_lookedAt, now).TotalSeconds * PerSecond));
        _lookedAt = now;
        if (_room < 1)
        {
            return false;
        }

        _room--;
        return true;
    }

    /// <summary>Makes such listeners of those that another factory makes.</summary>
    public sealed class Factory(IConnectionListenerFactory listeners, TimeProvider time) : IConnectionListenerFactory
    {
        public async ValueTask<IConnectionListener> BindAsync(
            EndPoint endpoint, CancellationToken cancellationToken = default) =>
            new PacedListener(await listeners.BindAsync(endpoint, cancellationToken), time);
    }
}
