using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Speed.Deployments;

public static class DeploymentServices
{
    /// <summary>Adds the domain: the worker and what it lives deployments with. Needs a store, a source and a runner.</summary>
    public static IServiceCollection AddDeployments(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Bell>();
        services.AddSingleton<WorkerState>();
        services.AddSingleton<Traffic>();
        services.AddSingleton<QueueView>();
        services.AddSingleton<LogReader>();
        services.AddSingleton<Images>();
        services.TryAddSingleton<MeasureDisk>(DiskSpace.Measure);
        services.AddSingleton<DiskGuard>();
        services.AddSingleton<Retention>();
        services.AddSingleton<Backup>();
        services.AddSingleton<DeploymentLife>();
        services.AddSingleton<Recovery>();
        services.AddSingleton<Overdue>();
        services.AddSingleton<ICheckup, HostCheckup>();
        services.AddHostedService<DiskWatch>();
        services.AddHostedService<Housekeeping>();
        services.AddHostedService<Pulse>();
        return services.AddHostedService<DeploymentWorker>();
    }
}
