using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Speed.Hosting;

/// <summary>Says where SPEED listens once it does, and what to type first.</summary>
internal sealed partial class ListenNotice(IServer server, ILogger<ListenNotice> logger) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        foreach (var address in server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            Listening(address);
            TryIt(
                $"""curl {address}/start -H 'Content-Type: application/json' """
                + """-d '{"url": "https://github.com/owner/repository.git", "branch": "main"}'""");
        }

        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "SPEED listens on {Address}")]
    private partial void Listening(string address);

    [LoggerMessage(LogLevel.Information, "Try: {Command}")]
    private partial void TryIt(string command);
}
