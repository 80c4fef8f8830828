using Microsoft.Extensions.Hosting;

namespace Speed.Deployments;

/// <summary>Keeps on record until when SPEED has run, so that the time in which it did not counts for nobody.</summary>
internal sealed class Pulse(IDeploymentStore store, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await NoteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await NoteAsync(stoppingToken);
                await Task.Delay(Beat, time, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // SPEED stops.
        }
    }

    private async Task NoteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.NoteTimeAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // Somebody gets a little of their time again; the next beat may find the store well.
        }
    }
}
