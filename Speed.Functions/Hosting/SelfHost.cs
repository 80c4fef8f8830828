using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Speed.Hosting;

/// <summary>
/// The self-hosted runtime: serves the functions of this assembly on Kestrel, by the same host.json and
/// local.settings.json as the Azure Functions host.
/// </summary>
internal static class SelfHost
{
    /// <summary>The Functions host's own name for the folder of host.json. The program's folder unless set.</summary>
    private const string ScriptRoot = "AzureWebJobsScriptRoot";

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // Empty: ASP.NET Core's defaults would read an appsettings.json and ASPNETCORE_URLS that nobody meant for us.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(SelfHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });

        builder.Configuration.AddInMemoryCollection(EnvironmentSettings.Read()).AddCommandLine(args);
        builder.Configuration.Sources.Insert(0, LocalSettings.Source(Root(builder.Configuration)));

        Log(builder.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(LimitKestrel);
        builder.WebHost.UseUrls(ListenAddress.Read(builder.Configuration));
        builder.Services.AddRouting();
        builder.Services.AddHostedService<ListenNotice>();
        return builder;
    }

    public static IHost Build(WebApplicationBuilder builder)
    {
        var app = builder.Build();
        app.MapFunctions(HostJson.RoutePrefix(Root(builder.Configuration)));
        return app;
    }

    private static string Root(ConfigurationManager configuration) =>
        configuration[ScriptRoot] ?? AppContext.BaseDirectory;

    private static void Log(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // What keeps SPEED from starting is said once, by Program: these two would add a stack trace each.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", level => level is LogLevel.Warning or LogLevel.Error);
    }

    private static void LimitKestrel(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
    }
}
