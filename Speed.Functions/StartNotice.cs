using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Speed.Data;
using Speed.Deployments;
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
        if (data.PutRight.Count > 0)
        {
            MadePrivate(string.Join(", ", data.PutRight));
        }

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
            AdminKeyMade(admin.File!, HowToRead(admin.File!, key));
        }
        else
        {
            Keys(admin.File ?? "Speed__AdminKey");
        }
    }

    // A terminal is read by the operator; what stands in any other place may be kept there, and by others: what a container
    // prints to its terminal, too.
    private static string HowToRead(string file, string key) =>
        Surroundings.AreContainer ? $" of this container: docker compose exec speed cat {file}, or docker exec and the container's name"
        : Console.IsOutputRedirected ? ""
        : $": {key}";

    [LoggerMessage(LogLevel.Information, "Data directory: {Directory}, database: {Database}")]
    private partial void Data(string directory, string database);

    [LoggerMessage(LogLevel.Information, "Docker engine: {Endpoint}")]
    private partial void Engine(string endpoint);

    [LoggerMessage(LogLevel.Information, "Keys: not required; whoever can connect from this machine may use SPEED")]
    private partial void NoKeys();

    [LoggerMessage(LogLevel.Information, "Keys: required; the admin key is that of {Place}")]
    private partial void Keys(string place);

    [LoggerMessage(LogLevel.Warning, "Other accounts could open {Paths}; SPEED has taken that right away")]
    private partial void MadePrivate(string paths);

    [LoggerMessage(LogLevel.Information, "Keys: required; the admin key, made just now, is in {File}{HowToRead}")]
    private partial void AdminKeyMade(string file, string howToRead);
}
