using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Speed.Hosting;
using Speed.Tests.Hosts;
using Xunit;

namespace Speed.Tests;

/// <summary>
/// A SPEED in this process: by itself, or as a worker of a <see cref="FunctionsHost"/> where <c>SPEED_HOST=worker</c>.
/// </summary>
internal sealed class RunningSpeed
{
    private readonly Func<Task> _stop;

    private RunningSpeed(IServiceProvider services, Uri address, Func<Task> stop) =>
        (Services, Address, _stop) = (services, address, stop);

    /// <summary>
    /// True where a Functions host takes the requests. It sends a <c>Server</c> of its own, puts what it saw in the place of
    /// <c>X-Forwarded-*</c>, and passes an answer's headers on with the first byte of its body.
    /// </summary>
    public static bool IsUnderHost => Environment.GetEnvironmentVariable("SPEED_HOST") == "worker";

    public IServiceProvider Services { get; }

    public Uri Address { get; }

    /// <param name="settings">By their names in the configuration.</param>
    /// <param name="change">Puts other services in the place of SPEED's own.</param>
    public static Task<RunningSpeed> StartAsync(
        Dictionary<string, string> settings, Action<IServiceCollection>? change) =>
        Environment.GetEnvironmentVariable("SPEED_HOST") switch
        {
            null or "" or "self" => StartByItselfAsync(settings, change),
            "worker" => StartUnderHostAsync(settings, change),
            var other => throw new InvalidOperationException(
                $"SPEED_HOST is '{other}'; it is 'self', 'worker' or not set."),
        };

    /// <summary>In good order.</summary>
    public Task StopAsync() => _stop();

    private static async Task<RunningSpeed> StartByItselfAsync(
        Dictionary<string, string> settings, Action<IServiceCollection>? change)
    {
        var builder = SelfHost.CreateBuilder([.. settings.Select(setting => $"--{setting.Key}={setting.Value}")]);
        Program.AddSpeed(builder.Services, builder.Configuration);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        change?.Invoke(builder.Services);
        var app = builder.Build();
        try
        {
            await app.StartAsync(TestContext.Current.CancellationToken);
            return new RunningSpeed(app.Services, AddressOf(app), StopAsync);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        async Task StopAsync()
        {
            // Not cancelable: a test that was canceled leaves nothing behind either.
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }
    }

    private static async Task<RunningSpeed> StartUnderHostAsync(
        Dictionary<string, string> settings, Action<IServiceCollection>? change)
    {
        var host = await FunctionsHost.StartAsync(HostedSpeed.AppFolder, InnerWorker.Starting(settings, change));
        var worker = (InnerWorker)host.Worker;
        await worker.Started;
        return new RunningSpeed(worker.Services, host.Address, StopAsync);

        async Task StopAsync()
        {
            await host.TerminateAsync();
            await host.DisposeAsync();
        }
    }

    private static Uri AddressOf(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
