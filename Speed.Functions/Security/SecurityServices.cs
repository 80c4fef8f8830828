using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Speed.Deployments;

namespace Speed.Security;

public static partial class SecurityServices
{
    /// <summary>
    /// Adds keys, tokens and secrets. Reads the settings at once. Needs a store, which is also an
    /// <see cref="ISecretStore"/> and an <see cref="IAccessStore"/>.
    /// </summary>
    public static IServiceCollection AddSecurity(this IServiceCollection services, IConfiguration configuration) =>
        services.AddSecrets().AddAccess(AccessSettings.Read(configuration));

    private static IServiceCollection AddAccess(this IServiceCollection services, AccessSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton<AdminKey>();
        services.AddSingleton<Access>();
        services.AddSingleton<ICheckup, TokenCheckup>();
        return services.AddHostedService<OpenAdminKey>();
    }

    // The key is opened, or made, when the host starts: one that cannot be used stops the start with a sentence.
    private static IServiceCollection AddSecrets(this IServiceCollection services)
    {
        services.AddSingleton(provider => MasterKey.Open(KeyPath(provider.GetRequiredService<DataFolder>())));
        services.AddSingleton<SecretSeal>();
        services.AddSingleton<LeaderTokens>();
        services.AddSingleton<Maskers>();
        services.AddSingleton<SecretVault>();
        services.AddSingleton<ISecrets>(provider => provider.GetRequiredService<SecretVault>());
        services.AddSingleton<NotificationVault>();
        services.AddSingleton<INotifications>(provider => provider.GetRequiredService<NotificationVault>());
        return services.AddHostedService<LookAtSecrets>();
    }

    private static string KeyPath(DataFolder data) => Path.Combine(data.FullPath, "secrets.key");

    // Opened, or made, by being asked for.
#pragma warning disable CS9113
    private sealed class OpenAdminKey(AdminKey admin) : IHostedService
#pragma warning restore CS9113
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    // Another key keeps nobody from starting: what it does not open is still there, and opens again under the old one.
    private sealed partial class LookAtSecrets(SecretVault vault, DataFolder data, ILogger<LookAtSecrets> logger)
        : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            var unreadable = await vault.ListUnreadableAsync(cancellationToken);
            if (unreadable.Count > 0)
            {
                LogUnreadable(KeyPath(data), string.Join(", ", unreadable));
            }
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        [LoggerMessage(LogLevel.Error,
            "{Path} is not the key that these secrets were sealed with: {Names}. Put your copy of it back and start "
            + "again; without one, send those secrets again (PUT /v1/secrets/…)")]
        private partial void LogUnreadable(string path, string names);
    }
}
