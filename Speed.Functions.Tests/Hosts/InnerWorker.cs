using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Speed.Hosting;

namespace Speed.Tests.Hosts;

/// <summary>
/// A worker in this process, of the same making as the program's: it starts in a fraction of the time, and a test can
/// look at its services.
/// </summary>
internal sealed class InnerWorker : IWorker
{
    private readonly IHost _host;
    private readonly CancellationTokenSource _killing = new();

    private InnerWorker(IHost host, Action<string> print)
    {
        _host = host;
        Exit = RunAsync(print);
    }

    public Task<int> Exit { get; }

    public IServiceProvider Services => _host.Services;

    /// <param name="settings">By their names in the configuration.</param>
    /// <param name="change">Puts other services in the place of SPEED's own.</param>
    public static StartWorker Starting(
        IReadOnlyDictionary<string, string> settings, Action<IServiceCollection>? change) =>
        (arguments, appFolder, print) =>
        {
            // Where the worker looks for host.json and for its program; the same for all workers of this process.
            Environment.SetEnvironmentVariable("FUNCTIONS_APPLICATION_DIRECTORY", appFolder);
            Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_DIRECTORY", appFolder);

            var builder = FunctionsWorker.CreateBuilder(
                [.. arguments, .. settings.Select(setting => $"--{setting.Key}={setting.Value}")], Program.AddSpeed);
            FindHost(arguments, builder.Configuration);
            ListenOn(FreePort.Find(), builder.Services);
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            // It would say each time that another address is taken than the worker's own.
            builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
            change?.Invoke(builder.Services);
            return new InnerWorker(builder.Build(), print);
        };

    public void Kill() => _killing.Cancel();

    public void Leave()
    {
        // It prints where the tests do.
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Exit;
        _killing.Dispose();
    }

    // The worker looks for it on the command line of the process.
    private static void FindHost(string[] arguments, ConfigurationManager configuration)
    {
        foreach (var (name, argument) in new[]
        {
            ("HostEndpoint", "--functions-uri"), ("WorkerId", "--functions-worker-id"),
            ("RequestId", "--functions-request-id"), ("GrpcMaxMessageLength", "--functions-grpc-max-message-length"),
        })
        {
            configuration[$"Functions:Worker:{name}"] = arguments[Array.IndexOf(arguments, argument) + 1];
        }
    }

    // The worker's own address is one for the whole process.
    private static void ListenOn(int port, IServiceCollection services)
    {
        services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        services.PostConfigure<WorkerOptions>(worker => worker.Capabilities["HttpUri"] = $"http://127.0.0.1:{port}");
    }

    // As the program does.
    private async Task<int> RunAsync(Action<string> print)
    {
        try
        {
            await Task.Run(() => _host.RunAsync(_killing.Token));
            return 0;
        }
        catch (Exception fault)
        {
            print($"{fault}");
            return 1;
        }
    }
}
