using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;

namespace Speed.Hooks;

public static class HookServices
{
    /// <summary>Adds what judges deliveries. Needs a store, which is also an <see cref="IHookStore"/>, and secrets.</summary>
    public static IServiceCollection AddHooks(this IServiceCollection services) =>
        services.AddSingleton<HookVault>().AddSingleton<ICheckup, HookCheckup>();
}
