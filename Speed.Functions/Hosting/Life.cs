using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Speed.Hosting;

/// <summary>The process from its start to its end, under either host.</summary>
internal static class Life
{
    /// <summary>Adds what <see cref="RunAsync"/> goes by.</summary>
    public static IServiceCollection AddLife(this IServiceCollection services) => services
        .AddSingleton<BackgroundServices>()
        .AddHostedService(provider => provider.GetRequiredService<BackgroundServices>());

    /// <summary>Until something ends it, or the token does. Throws what keeps SPEED from starting.</summary>
    /// <returns>
    /// The exit code: 0 in good order, 1 where a background service failed, which ends all of SPEED. Whoever looks after the
    /// process leaves it at that after a 0.
    /// </returns>
    public static async Task<int> RunAsync(IHost host, CancellationToken cancellationToken)
    {
        var background = host.Services.GetRequiredService<BackgroundServices>();
        var isStopping = false;
        host.Services.GetRequiredService<IHostApplicationLifetime>()
            .ApplicationStopping.Register(() => isStopping = true);
        try
        {
            await host.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (isStopping)
        {
            // It was stopped while it was still starting.
        }

        return background.HasFailed ? 1 : 0;
    }

    // Found when all have been made, which the start does; to ask for them before would make them.
    private sealed class BackgroundServices(IServiceProvider services) : IHostedLifecycleService
    {
        private BackgroundService[] _all = [];

        public bool HasFailed => _all.Any(service => service.ExecuteTask is { IsFaulted: true });

        public Task StartingAsync(CancellationToken cancellationToken)
        {
            _all = [.. services.GetServices<IHostedService>().OfType<BackgroundService>()];
            return Task.CompletedTask;
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
