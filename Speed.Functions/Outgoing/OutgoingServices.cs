using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Speed.Outgoing;

public static class OutgoingServices
{
    /// <summary>Adds the one way out over HTTP. Twice is as good as once.</summary>
    public static IServiceCollection AddGuardedClient(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Resolver>();
        services.TryAddSingleton<GuardedClient>();
        return services;
    }
}
