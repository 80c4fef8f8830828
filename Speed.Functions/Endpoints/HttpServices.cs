using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public static class HttpServices
{
    /// <summary>Adds what the functions share, under either host.</summary>
    public static IServiceCollection AddHttp(
        this IServiceCollection services, IConfiguration configuration)
    {
        services.ConfigureHttpJsonOptions(http => Wire.Configure(http.SerializerOptions));
        services.AddSingleton<SpeedMetrics>();
        services.AddSingleton<RequestMetrics>();
        services.AddHostedService<DeploymentMetrics>();
        services.AddSingleton<HttpRules>();
        services.AddSingleton(FunctionTable.Read(configuration));
        services.AddSingleton<SameSite>();
        services.AddSingleton<Audit>();
        services.AddSingleton<OpenRequests>();
        services.AddHostedService(provider => provider.GetRequiredService<OpenRequests>());
        services.AddSingleton<AccessRules>();
        services.AddSingleton<Pipeline>();
        services.AddSingleton<StartLimit>();
        services.AddSingleton<ReportLimit>();
        services.AddSingleton<Reports>();
        services.AddSingleton<ResultReader>();
        services.AddSingleton<ChallengeLimit>();
        services.AddSingleton<VisibleDeployments>();
        services.AddSingleton<OptionsReader>();
        services.AddSingleton<Creation>();
        services.AddSingleton<HookReader>();
        services.AddSingleton<ICheckup, HookPortCheckup>();
        services.AddSingleton<HookDeliveries>();
        services.AddSingleton<DeliveryReader>();
        services.AddSingleton<ChangeWait>();
        services.AddSingleton<ResourceReader>();
        services.AddSingleton(provider => new OpenStreams(mostOfCaller: StreamsOfCaller(provider.GetRequiredService<AccessSettings>())));
        services.AddSingleton<EventStreams>();
        services.AddSingleton<LogEvents>();
        services.AddSingleton<DeploymentEvents>();
        services.AddSingleton<Pages>();
        return services;
    }

    // Without keys everybody is one caller.
    private static int StreamsOfCaller(AccessSettings settings) =>
        settings is { AreKeysRequired: true, StreamsPerToken: > 0 and var most } ? most : int.MaxValue;

    /// <summary>Adds the socket for programs in containers. To stand before whatever starts or adopts them.</summary>
    public static IServiceCollection AddReportSocket(this IServiceCollection services) =>
        services.AddSingleton<ReportFolder>().AddSingleton<ReportConnections>().AddHostedService<ReportSocket>();
}
