using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Speed.Data;
using Speed.Runners;
using Speed.Security;

namespace Speed;

/// <summary>Tells the operator at the start what SPEED works with.</summary>
internal sealed partial class StartNotice(
    DataDirectory data, DockerOptions docker, AccessSettings access, AdminKey admin, ILogger<StartNotice> logger)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Data(data.FullPath, Path.Combine(data.FullPath, "deployments.db"));
        Engine(docker.Endpoint);
        TellOfKeys();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void TellOfKeys()
    {
        if (!access.AreKeysRequired)
        {
            NoKeys();
        }
        else if (admin.JustMade is { } key)
        {
            AdminKeyMade(key, admin.File!);
        }
        else
        {
            Keys(admin.File ?? "Speed__AdminKey");
        }
    }

    [LoggerMessage(LogLevel.Information, "Data directory: {Directory}, database: {Database}")]
    private partial void Data(string directory, string database);

    [LoggerMessage(LogLevel.Information, "Docker engine: {Endpoint}")]
    private partial void Engine(string endpoint);

    [LoggerMessage(LogLevel.Information, "Keys: not required; whoever can connect from this machine may use SPEED")]
    private partial void NoKeys();

    [LoggerMessage(LogLevel.Information, "Keys: required; the admin key is that of {Place}")]
    private partial void Keys(string place);

    // The one key that is ever logged, at the one start that made it: the operator has to get it somehow.
    [LoggerMessage(LogLevel.Information, "Keys: required; the admin key, made just now and kept in {File}, is {Key}")]
    private partial void AdminKeyMade(string key, string file);
}
