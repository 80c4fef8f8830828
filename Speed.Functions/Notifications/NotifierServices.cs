using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Outgoing;

namespace Speed.Notifications;

public static class NotifierServices
{
    /// <summary>Adds the way to others over HTTP, and reads its settings at once.</summary>
    public static IServiceCollection AddNotifier(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(NotifySettings.Read(configuration));
        services.AddGuardedClient();
        services.AddSingleton<INotifier, HttpNotifier>();
        return services;
    }
}
