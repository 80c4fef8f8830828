using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Speed.Deployments;
using Speed.Hooks;
using Speed.Security;

namespace Speed.Data;

public static class DataServices
{
    /// <summary>
    /// Adds the store over the folder in <c>Speed:DataDirectory</c>. It opens when the host starts; what keeps it
    /// from that stops the start with a <see cref="StoreStartException"/>.
    /// </summary>
    public static IServiceCollection AddStore(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Bell>();
        services.AddSingleton(_ => StoreOptions.From(configuration));
        services.TryAddSingleton<StoreMeter>();
        services.AddSingleton<DataDirectory>();
        services.AddSingleton(provider => new DataFolder(provider.GetRequiredService<DataDirectory>().FullPath));
        services.AddSingleton(provider => provider.GetRequiredService<DataDirectory>().Ballast);
        services.AddSingleton<DbManager>();
        services.AddSingleton<IDeploymentStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<IEventStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<IServiceStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<IVolumeStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<IAccessStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<ISecretStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<IHookStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<INotificationStore>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<IOutbox>(provider => provider.GetRequiredService<DbManager>());
        services.AddSingleton<LogDatabase>();
        services.AddSingleton<ILogStore>(provider => provider.GetRequiredService<LogDatabase>());
        services.AddSingleton<ICheckup, StoreCheckup>();
        services.AddHostedService<OpenAtStart>();
        return services;
    }

    // Opened by being asked for.
#pragma warning disable CS9113
    private sealed class OpenAtStart(
        DbManager deployments, LogDatabase logs, StoreOptions options, TimeProvider time) : IHostedService
#pragma warning restore CS9113
    {
        // Another process may have the lock for a moment, as it may have the folder: the start waits as long for either.
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            for (var since = time.GetTimestamp(); ;)
            {
                try
                {
                    await deployments.CarryWaitingOverAsync(cancellationToken);
                    return;
                }
                catch (StoreUnavailableException fault) when (time.GetElapsedTime(since) >= options.LockTimeout)
                {
                    throw new StoreStartException(fault.Message, fault);
                }
                catch (StoreUnavailableException)
                {
                    await Task.Delay(Retry.After, time, cancellationToken);
                }
            }
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
