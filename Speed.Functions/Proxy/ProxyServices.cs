using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Speed.Proxy;

public static class ProxyServices
{
    /// <summary>
    /// Adds the reverse proxy where <c>Speed__Proxy__Urls</c> says where it listens. To stand before the worker, so
    /// that it is stopped after it.
    /// </summary>
    public static IServiceCollection AddProxy(this IServiceCollection services, IConfiguration configuration)
    {
        var settings = ProxySettings.Read(configuration);
        if (settings.Urls.Count == 0)
        {
            return services;
        }

        services.AddSingleton(settings);
        services.AddSingleton<HostTable>();
        services.AddSingleton<Certificates>();
        services.AddSingleton<ReverseProxy>();
        return services.AddHostedService(provider => provider.GetRequiredService<ReverseProxy>());
    }
}
