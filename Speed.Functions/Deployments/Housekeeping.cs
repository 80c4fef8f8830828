using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>Has retention collect once an hour, and each minute while a disk is low.</summary>
public sealed partial class Housekeeping(
    Retention retention, DiskGuard disk, Bell bell, TimeProvider time, ILogger<Housekeeping> logger) : BackgroundService
{
    private static readonly TimeSpan Usually = TimeSpan.FromHours(1);
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not at once: a start has better things to do.
        var wait = Soon;
        try
        {
            while (true)
            {
                var ring = bell.Next(Bell.Disk);
                await Task.WhenAny(ring, Task.Delay(wait, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
                await CollectAsync(stoppingToken);
                wait = disk.Level == DiskLevel.Enough ? Usually : Soon;
            }
        }
        catch (OperationCanceledException)
        {
            // SPEED stops.
        }
    }

    private async Task CollectAsync(CancellationToken stopping)
    {
        try
        {
            var gone = await retention.CollectAsync(stopping);
            if (gone.Count > 0)
            {
                var counts = gone.CountBy(item => item.Kind).Select(kind => $"{kind.Value} {kind.Key}");
                LogCollected(string.Join(", ", counts));
            }
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            LogFailed(fault);
        }
    }

    [LoggerMessage(LogLevel.Information, "Clean-up removed: {Counts}")]
    private partial void LogCollected(string counts);

    [LoggerMessage(LogLevel.Warning, "Clean-up met a fault; the next one follows")]
    private partial void LogFailed(Exception fault);
}
