using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Speed.Data;
using Speed.Deployments;
using Speed.Endpoints;
using Speed.Hooks;
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
        if (RestoreCommand.IsAskedBy(args))
        {
            return await RestoreCommand.RunAsync(args, Console.Out, Console.Error);
        }

        try
        {
            await CreateBuilder(args).Build().RunAsync();
            return 0;
        }
        catch (Exception fault) when (IsForTheOperator(fault))
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }

    internal static FunctionsApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        builder.Services
            .AddDeploymentSettings(builder.Configuration)
            .AddStore(builder.Configuration)
            .AddSecurity(builder.Configuration)
            .AddHooks()
            .AddGitSource(builder.Configuration)
            .AddDockerRunner(builder.Configuration)
            .AddNotifier(builder.Configuration)
            .AddReportSocket()
            .AddProxy(builder.Configuration)
            .AddDeployments()
            .AddHttp(builder.Configuration)
            .AddHostedService<StartNotice>();
        return builder;
    }

    // Their messages are whole sentences: a setting, the data directory, or an address that is taken.
    private static bool IsForTheOperator(Exception fault) =>
        fault is OptionsValidationException or InvalidOperationException or StoreStartException or IOException;
}
