using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Speed.Deployments;

namespace Speed.Security;

public static class AccessServices
{
    /// <summary>
    /// Adds keys and tokens. Reads the settings at once; what is wrong with a key file stops the start with an
    /// <see cref="InvalidOperationException"/>. Needs a store that is an <see cref="IAccessStore"/>.
    /// </summary>
    public static IServiceCollection AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(AccessSettings.Read(configuration));
        services.TryAddSingleton(provider => MasterKey.Open(
            Path.Combine(provider.GetRequiredService<DataFolder>().FullPath, "secrets.key")));
        services.TryAddSingleton<LeaderTokens>();
        services.AddSingleton<AdminKey>();
        services.AddSingleton<Access>();
        return services.AddHostedService<OpenAtStart>();
    }

    // Opened by being asked for.
#pragma warning disable CS9113
    private sealed class OpenAtStart(MasterKey master, AdminKey admin) : IHostedService
#pragma warning restore CS9113
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
