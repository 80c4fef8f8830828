using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Speed.Hosting;

/// <summary>
/// SPEED as an isolated worker of the Azure Functions host. That host takes the requests and says which function each is for;
/// here they go through the same pipeline as without it.
/// </summary>
internal static class FunctionsWorker
{
    /// <summary>The address at which the host speaks to its workers: it always passes it, and nobody else does.</summary>
    private const string HostAddress = "--functions-uri";

    // The host begins another worker at once for this exit code. For 0 it begins none, and every request hangs.
    private const int StartAnother = 200;

    public static bool IsAskedBy(string[] args) => FindHost(args) is not null;

    /// <summary>Until the host or a signal ends it. Throws what keeps SPEED from starting.</summary>
    /// <returns>The exit code, which tells the host whether to begin another worker.</returns>
    // Not inlined: a program that serves by itself would load the worker's assemblies for nothing.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection, IConfiguration> addSpeed)
    {
        // The host ends a worker by a message. A signal is somebody else's, who wants this worker gone and not SPEED.
        var wasSignaled = false;
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => wasSignaled = true);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => wasSignaled = true);

        using var host = CreateBuilder(args, addSpeed).Build();
        var exitCode = await Life.RunAsync(host, CancellationToken.None);
        return wasSignaled ? StartAnother : exitCode;
    }

    internal static FunctionsApplicationBuilder CreateBuilder(
        string[] args, Action<IServiceCollection, IConfiguration> addSpeed)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        builder.UseMiddleware<InvocationAnswer>();

        ReadEnvironment(builder.Configuration);
        // What is logged outside of an invocation the host drops; what is printed it passes on.
        builder.Logging.ClearProviders();
        Logs.Add(builder.Logging);
        builder.Services.Configure<KestrelServerOptions>(SelfHost.LimitKestrel);
        KeepNoKeys(builder.Services);
        builder.Services.AddLife();
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<HostWatch>(services, FindHost(args)!));
        addSpeed(builder.Services, builder.Configuration);
        ListenFirst.Use(builder.Services);
        return builder;
    }

    // As without the host: empty variables are not set.
    private static void ReadEnvironment(ConfigurationManager configuration)
    {
        IList<IConfigurationSource> sources = configuration.Sources;
        for (var i = sources.Count - 1; i >= 0; i--)
        {
            if (sources[i] is EnvironmentVariablesConfigurationSource { Prefix: null or "" })
            {
                sources.RemoveAt(i);
            }
        }

        configuration.AddInMemoryCollection(EnvironmentSettings.Read());
    }

    // The worker adds MVC, which nothing here uses. It would make keys at the start, in the home of this account, and warn
    // that they lie there unsealed.
    private static void KeepNoKeys(IServiceCollection services)
    {
        var maker = services.Single(service =>
            service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(EphemeralDataProtectionProvider).Assembly);
        services.Remove(maker);
        services.AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
    }

    private static Uri? FindHost(string[] args)
    {
        var text = args.Select((arg, i) => arg == HostAddress
            ? args.ElementAtOrDefault(i + 1)
            : arg.StartsWith($"{HostAddress}=", StringComparison.Ordinal) ? arg[(HostAddress.Length + 1)..] : null);
        return Uri.TryCreate(text.FirstOrDefault(one => one is not null), UriKind.Absolute, out var uri) ? uri : null;
    }
}
