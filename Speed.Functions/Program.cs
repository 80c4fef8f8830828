using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Speed.Data;
using Speed.Deployments;
using Speed.Endpoints;
using Speed.Hooks;
using Speed.Hosting;
using Speed.Notifications;
using Speed.Proxy;
using Speed.Runners;
using Speed.Security;
using Speed.Sources;

namespace Speed;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        OwnRights.MakeFilesPrivate();
        if (RestoreCommand.IsAskedBy(args))
        {
            return await RestoreCommand.RunAsync(args, Console.Out, Console.Error);
        }

        if (HealthCommand.IsAskedBy(args))
        {
            return await HealthCommand.RunAsync(args, Console.Out, Console.Error);
        }

        if (!FunctionsWorker.IsAskedBy(args) && Arguments.FindFault(args) is { } unknown)
        {
            await Console.Error.WriteLineAsync(unknown);
            return Arguments.AreForHelp(args) ? 0 : 2;
        }

        try
        {
            return FunctionsWorker.IsAskedBy(args)
                ? await FunctionsWorker.RunAsync(args, AddSpeed)
                : await SelfHost.RunAsync(args, AddSpeed);
        }
        catch (Exception fault) when (IsForTheOperator(fault))
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }

    /// <summary>All of SPEED, under whichever host.</summary>
    internal static void AddSpeed(IServiceCollection services, IConfiguration configuration) => services
        .AddDeploymentSettings(configuration)
        .AddStore(configuration)
        .AddSecurity(configuration)
        .AddHooks()
        .AddGitSource(configuration)
        .AddDockerRunner(configuration)
        .AddNotifier(configuration)
        .AddReportSocket()
        .AddProxy(configuration)
        .AddDeployments()
        .AddHttp(configuration)
        .AddHostedService<StartNotice>();

    // Their messages are whole sentences: a setting, the data directory, or an address that is taken.
    private static bool IsForTheOperator(Exception fault) =>
        fault is OptionsValidationException or InvalidOperationException or StoreStartException or IOException;
}
