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
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private InnerWorker(IHost host, Action<string> print)
    {
        _host = host;
        host.Services.GetRequiredService<IHostApplicationLifetime>()
            .ApplicationStarted.Register(_started.SetResult);
        Exit = RunAsync(print);
    }

    public Task<int> Exit { get; }

    public IServiceProvider Services => _host.Services;

    /// <summary>Completes once SPEED has started, or cannot.</summary>
    public Task Started => Task.WhenAny(_started.Task, Exit);

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
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
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

    // As the program does.
    private async Task<int> RunAsync(Action<string> print)
    {
        try
        {
            return await Task.Run(() => Life.RunAsync(_host, _killing.Token));
        }
        catch (Exception fault)
        {
            print($"{fault}");
            return 1;
        }
    }
}
