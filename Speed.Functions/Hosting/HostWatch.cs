using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Speed.Hosting;

/// <summary>
/// Ends this worker when the Functions host is gone. One that was killed tells its workers nothing: an orphan would keep the
/// lock on the data directory, and the next host could not begin a worker of its own.
/// </summary>
internal sealed partial class HostWatch(
    Uri host, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<HostWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!await IsGoneAsync(host, stoppingToken))
            {
                await Task.Delay(Pause, time, stoppingToken);
            }

            HostGone(host);
            lifetime.StopApplication();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // It ends anyway.
        }
    }

    /// <summary>
    /// Whether nobody listens there any more. A refusal alone says so: a host that is busy lets a connection wait.
    /// </summary>
    internal static async Task<bool> IsGoneAsync(Uri host, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Pause);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(host.Host, host.Port, limit.Token);
            return false;
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Error, "The Functions host at {Host} is gone; this worker ends")]
    private partial void HostGone(Uri host);
}
