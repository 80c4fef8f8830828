using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Speed.Endpoints;

public static class HttpServices
{
    /// <summary>Adds what the functions share, under either host.</summary>
    public static IServiceCollection AddHttp(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(http => Wire.Configure(http.SerializerOptions));
        services.AddSingleton<IStartupFilter, HttpRules>();
        services.AddSingleton<OptionsReader>();
        services.AddSingleton<ChangeWait>();
        services.AddSingleton<ResourceReader>();
        services.AddSingleton<Pages>();
        return services;
    }
}
