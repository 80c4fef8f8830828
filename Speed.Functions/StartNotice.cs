using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Speed.Data;
using Speed.Runners;

namespace Speed;

/// <summary>Tells the operator at the start what SPEED works with.</summary>
internal sealed partial class StartNotice(DataDirectory data, DockerOptions docker, ILogger<StartNotice> logger)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Data(data.FullPath, Path.Combine(data.FullPath, "deployments.db"));
        Engine(docker.Endpoint);
        Keys();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "Data directory: {Directory}, database: {Database}")]
    private partial void Data(string directory, string database);

    [LoggerMessage(LogLevel.Information, "Docker engine: {Endpoint}")]
    private partial void Engine(string endpoint);

    [LoggerMessage(LogLevel.Information, "Keys: not required; whoever can connect from this machine may use SPEED")]
    private partial void Keys();
}
