using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Speed.Deployments;
using Speed.Endpoints;

namespace Speed;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        try
        {
            await CreateBuilder(args).Build().RunAsync();
            return 0;
        }
        catch (OptionsValidationException fault)
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
            .AddHttp();
        return builder;
    }
}
