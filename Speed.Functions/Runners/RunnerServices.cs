using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Outgoing;

namespace Speed.Runners;

/// <summary>What <c>Program.cs</c> needs to know of this folder.</summary>
public static class RunnerServices
{
    /// <summary>
    /// One <see cref="DockerRunner"/> for all. Throws <see cref="InvalidOperationException"/> with a sentence that
    /// names the setting that is out of range.
    /// </summary>
    public static IServiceCollection AddDockerRunner(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(DockerOptions.Read(configuration));
        services.AddGuardedClient();
        services.AddSingleton<IVolumeEngine, DockerVolumes>();
        services.AddSingleton<DockerRunner>();
        services.AddSingleton<IRunner>(provider => provider.GetRequiredService<DockerRunner>());
        services.AddSingleton<ICheckup, DockerCheckup>();
        return services;
    }

    /// <summary>One by itself, for a store that nobody else has open.</summary>
    public static DockerRunner CreateRunner(DockerOptions options, IDeploymentStore store, IVolumeStore volumes) =>
        new(options, store, new ServiceVolumes(volumes, store, new DockerVolumes(options, store), TimeProvider.System));
}
