using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>Makes a backup every so many hours, where the operator asks for it, and removes its own old ones.</summary>
public sealed partial class BackupSchedule(
    Backup backup, TimeProvider time, IOptions<DeploymentSettings> settings, ILogger<BackupSchedule> logger)
    : BackgroundService
{
    // Not at once: a start has better things to do.
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AgainAfterFailure = TimeSpan.FromHours(1);

    private volatile BackupFailure? _failure;

    /// <summary>Of the last one by schedule; null where that was made, or none was due.</summary>
    public BackupFailure? Failure => _failure;

    /// <summary>Zero: none are made by schedule.</summary>
    public TimeSpan Every => TimeSpan.FromHours(settings.Value.BackupEveryHours);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Every == TimeSpan.Zero)
        {
            return;
        }

        try
        {
            for (var wait = FirstWait(); ; wait = NextWait())
            {
                await Task.Delay(wait, time, stoppingToken);
                await MakeAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // SPEED stops; the next start counts on from the newest one there is.
        }
    }

    // A newest one of tomorrow, by a clock that was wrong, keeps nobody waiting for longer than usual.
    private TimeSpan FirstWait()
    {
        if (backup.List().FirstOrDefault(copy => copy.Kind == BackupKind.Scheduled) is not { } newest)
        {
            return Soon;
        }

        var left = newest.MadeAt + Every - time.GetUtcNow();
        return left < Soon ? Soon : left > Every ? Every : left;
    }

    private TimeSpan NextWait() => _failure is not null && Every > AgainAfterFailure ? AgainAfterFailure : Every;

    private async Task MakeAsync(CancellationToken stopping)
    {
        try
        {
            if (await backup.MakeAsync(BackupKind.Scheduled, stopping) is not { } folder)
            {
                Fail(backup.NoRoom, null);
                return;
            }

            LogMade(folder);
            _failure = null;
            await RemoveOldAsync(stopping);
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            Fail(fault.Message, fault);
        }
    }

    // The backup is made, whatever becomes of older ones: the next round tries again.
    private async Task RemoveOldAsync(CancellationToken stopping)
    {
        try
        {
            await backup.RemoveOldAsync(settings.Value.BackupKeep, stopping);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogOldStay(fault);
        }
    }

    // For the doctor. Others are told by the backup itself, whoever asked for it.
    private void Fail(string why, Exception? fault)
    {
        _failure = new BackupFailure(time.GetUtcNow(), why);
        LogFailed(fault, why);
    }

    [LoggerMessage(LogLevel.Information, "Backup made: {Folder}")]
    private partial void LogMade(string folder);

    [LoggerMessage(LogLevel.Warning, "Old backups could not be removed")]
    private partial void LogOldStay(Exception fault);

    [LoggerMessage(LogLevel.Error, "The backup by schedule failed: {Why}")]
    private partial void LogFailed(Exception? fault, string why);
}

/// <summary>Why a backup was not made.</summary>
public sealed record BackupFailure(DateTimeOffset At, string Why);
