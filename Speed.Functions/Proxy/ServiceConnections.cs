using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Speed.Proxy;

/// <summary>
/// Connections to services: new ones, and those that wait for a further request. One that waits may be closed by its service
/// at any moment, so only a request that may be sent twice is given one.
/// </summary>
internal sealed class ServiceConnections : IDisposable
{
    // Many servers close one that is idle after five seconds.
    private static readonly TimeSpan MostIdle = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);
    // Whoever closes first keeps the port pair for a minute: let it be the service.
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<EndPoint, ConcurrentStack<ServiceConnection>> _idle = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stopped;
    private readonly ITimer _sweeping;

    public ServiceConnections(TimeProvider time)
    {
        _time = time;
        _stopped = _stopping.Token;
        _sweeping = time.CreateTimer(_ => Sweep(), null, SweepEvery, SweepEvery);
    }

    /// <summary>One that the service has kept open until now; null where there is none.</summary>
    public ServiceConnection? TryTake(EndPoint place)
    {
        while (_idle.TryGetValue(place, out var idle) && idle.TryPop(out var connection))
        {
            if (_time.GetElapsedTime(connection.IdleSince) < MostIdle && connection.IsQuiet)
            {
                return connection;
            }

            connection.Dispose();
        }

        return null;
    }

    /// <summary>Throws <see cref="NoAnswerException"/> where there is nobody.</summary>
    public async Task<ServiceConnection> OpenAsync(EndPoint place, CancellationToken cancellationToken)
    {
        ServiceConnection? connection = null;
        using var limit = new CancellationTokenSource(ConnectLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            connection = new ServiceConnection();
            await connection.ConnectAsync(place, either.Token);
            return connection;
        }
        catch (Exception fault)
        {
            connection?.Dispose();
            throw fault switch
            {
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } =>
                    new NoAnswerException(ProxyFault.ConnectionRefused, fault) { IsUnsent = true },
                SocketException => new NoAnswerException(ProxyFault.DestinationUnavailable, fault) { IsUnsent = true },
                OperationCanceledException when !cancellationToken.IsCancellationRequested =>
                    new NoAnswerException(ProxyFault.ConnectionTimeout, fault) { IsUnsent = true },
                _ => fault,
            };
        }
    }

    /// <summary>Has it wait for a further request.</summary>
    public void Keep(EndPoint place, ServiceConnection connection)
    {
        if (_stopped.IsCancellationRequested)
        {
            connection.Dispose();
            return;
        }

        connection.IdleSince = _time.GetTimestamp();
        _idle.GetOrAdd(place, _ => new()).Push(connection);
    }

    /// <summary>Closes it once the service has, or after a second.</summary>
    public async Task CloseAsync(ServiceConnection connection)
    {
        using (connection)
        using (var limit = new CancellationTokenSource(CloseLimit, _time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopped))
        {
            try
            {
                // Whatever comes but an end is nothing that was asked for.
                await connection.ReceiveAsync(new byte[1], either.Token);
            }
            catch (Exception end) when (end is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // Closed all the same.
            }
        }
    }

    public void Dispose()
    {
        if (_stopped.IsCancellationRequested)
        {
            return;
        }

        _sweeping.Dispose();
        _stopping.Cancel();
        foreach (var connection in _idle.Values.SelectMany(idle => idle))
        {
            connection.Dispose();
        }

        _stopping.Dispose();
    }

    // A service that is gone is asked for no more: nobody else would close what waits for it.
    private void Sweep()
    {
        foreach (var (place, idle) in _idle)
        {
            var kept = new List<ServiceConnection>();
            while (idle.TryPop(out var connection))
            {
                if (_time.GetElapsedTime(connection.IdleSince) < MostIdle)
                {
                    kept.Add(connection);
                }
                else
                {
                    connection.Dispose();
                }
            }

            kept.Reverse();
            foreach (var connection in kept)
            {
                idle.Push(connection);
            }
        }
    }
}
