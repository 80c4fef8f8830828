using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>
/// Has the guard look once a second, and when the store meets a full disk; asks now and then where the engine keeps
/// its data; has others told when there is too little room, and room made.
/// </summary>
public sealed partial class DiskWatch(
    DiskGuard disk, Ballast ballast, IRunner runner, DiskAlert alert, DiskRelief relief, TimeProvider time,
    ILogger<DiskWatch> logger) : BackgroundService
{
    private static readonly TimeSpan LookEach = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskEach = TimeSpan.FromMinutes(1);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // What runs must stop before it has filled the room that the ballast gave up.
        ballast.Needed += disk.Look;

        // Before anything is answered or claimed.
        disk.Look();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken) =>
        await Task.WhenAll(
            EachAsync(LookEach, () => { disk.Look(); return Task.CompletedTask; }, stoppingToken),
            // Beside the looks: those go on while a full disk keeps the store from writing.
            EachAsync(LookEach, () => alert.LookAsync(stoppingToken), stoppingToken),
            EachAsync(LookEach, () => relief.StepAsync(stoppingToken), stoppingToken),
            EachAsync(AskEach, () => AskAsync(stoppingToken), stoppingToken));

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            disk.EngineFolder = await runner.FindDataFolderAsync(cancellationToken);
        }
        catch (DeploymentFailedException)
        {
            // The engine does not answer: where it kept its data, it will again.
        }
    }

    private async Task SurviveAsync(Func<Task> step, CancellationToken stopping)
    {
        try
        {
            await step();
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            LogFailed(fault);
        }
    }

    private async Task EachAsync(TimeSpan period, Func<Task> step, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(period, time);
        try
        {
            do
            {
                await SurviveAsync(step, stopping);
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // SPEED stops.
        }
    }

    [LoggerMessage(LogLevel.Warning, "A look at the disks failed; the next one follows")]
    private partial void LogFailed(Exception fault);
}
