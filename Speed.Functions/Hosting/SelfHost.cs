using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Speed.Endpoints;

namespace Speed.Hosting;

/// <summary>
/// SPEED by itself: serves the functions of this assembly on Kestrel, by the same host.json and local.settings.json as the
/// Azure Functions host.
/// </summary>
internal static class SelfHost
{
    /// <summary>Until a signal ends it. Throws what keeps SPEED from starting.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection, IConfiguration> addSpeed)
    {
        var builder = CreateBuilder(args);
        addSpeed(builder.Services, builder.Configuration);
        await using var app = builder.Build();
        return await Life.RunAsync(app, CancellationToken.None);
    }

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // Empty: ASP.NET Core's defaults would read an appsettings.json and ASPNETCORE_URLS that nobody meant for us.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(SelfHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });

        Configure(builder.Configuration, args);
        Logs.Add(builder.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(LimitKestrel);
        builder.WebHost.UseUrls(ListenAddress.Read(builder.Configuration));
        builder.Services.AddLife();
        builder.Services.AddRouting();
        builder.Services.AddSingleton<IStartupFilter, ThroughPipeline>();
        builder.Services.AddHostedService<ListenNotice>();
        return builder;
    }

    /// <summary>
    /// Adds the settings of arguments, environment and local.settings.json, in this order. Throws
    /// <see cref="Microsoft.Extensions.Options.OptionsValidationException"/> for what cannot be read.
    /// </summary>
    public static void Configure(ConfigurationManager configuration, string[] args)
    {
        configuration.AddInMemoryCollection(EnvironmentSettings.Read()).AddCommandLine(args);
        IList<IConfigurationSource> sources = configuration.Sources;
        sources.Insert(0, LocalSettings.Source(AppFolder.Find(configuration)));
    }

    public static void LimitKestrel(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
    }

    private sealed class ThroughPipeline(Pipeline pipeline) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            pipeline.Use(app);
            next(app);
        };
    }
}
