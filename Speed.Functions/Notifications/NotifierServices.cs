using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Speed.Deployments;

namespace Speed.Notifications;

public static class NotifierServices
{
    /// <summary>Adds the way to others over HTTP, and reads its settings at once.</summary>
    public static IServiceCollection AddNotifier(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(NotifySettings.Read(configuration));
        services.AddSingleton<Resolver>();
        services.AddSingleton<GuardedClient>();
        services.AddSingleton<INotifier, HttpNotifier>();
        return services;
    }
}
