using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Speed.Deployments;

public static class DeploymentServices
{
    /// <summary>
    /// Adds the domain: the workers, and what they live deployments with and tell of them. Needs a store, a source, a
    /// runner and a notifier.
    /// </summary>
    public static IServiceCollection AddDeployments(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Bell>();
        services.AddSingleton<WorkerState>();
        services.AddSingleton<Traffic>();
        services.AddSingleton<TrafficMeter>();
        services.AddSingleton<QueueView>();
        services.AddSingleton<LogReader>();
        services.AddSingleton<Images>();
        services.AddSingleton<ServiceVolumes>();
        services.AddSingleton<VolumeList>();
        services.AddSingleton<VolumeTransfer>();
        services.AddSingleton<FixedPorts>();
        services.AddSingleton<ICheckup, PortCheckup>();
        services.AddSingleton<ICheckup, VolumeCheckup>();
        services.TryAddSingleton<MeasureDisk>(DiskSpace.Measure);
        services.AddSingleton<DiskGuard>();
        services.AddSingleton<Unrecorded>();
        services.AddSingleton<DiskAlert>();
        services.AddSingleton<LivesAtWork>();
        services.AddSingleton<DiskRelief>();
        services.AddSingleton<Retention>();
        services.AddSingleton<Backup>();
        services.AddSingleton<BackupSchedule>();
        services.AddSingleton<DeploymentLife>();
        services.AddSingleton<Recovery>();
        services.AddSingleton<Overdue>();
        services.AddSingleton<DeliverySpread>();
        services.AddSingleton<ICheckup, HostCheckup>();
        services.AddSingleton<ICheckup, BackupCheckup>();
        services.AddSingleton<ICheckup, UnrecordedCheckup>();
        services.AddHostedService<DiskWatch>();
        services.AddHostedService<Housekeeping>();
        services.AddHostedService(provider => provider.GetRequiredService<BackupSchedule>());
        services.AddHostedService<Pulse>();
        services.AddHostedService<NotificationWorker>();
        return services.AddHostedService<DeploymentWorker>();
    }
}
