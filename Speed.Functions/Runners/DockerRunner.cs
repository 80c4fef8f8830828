using System.Net;
using Docker.DotNet;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Builds and runs on one Docker engine.</summary>
public sealed partial class DockerRunner : IRunner, IDisposable
{
    private readonly DockerOptions _options;
    private readonly IDeploymentStore _store;
    private readonly DockerConnection _docker;
    private readonly BaseImages _bases;
    private readonly InstanceNetwork _network;

    public DockerRunner(DockerOptions options, IDeploymentStore store)
    {
        _options = options;
        _store = store;
        _docker = new DockerConnection(options.Endpoint);
        _bases = new BaseImages(_docker, new RegistryRules(options.AllowedRegistries));
        _network = new InstanceNetwork(_docker);
    }

    // Asked for late: the store knows its instance once its database is open.
    private Ownership Own => new(_store.Instance);

    public Task<string?> FindFaultAsync(CancellationToken cancellationToken) => _docker.FindFaultAsync(cancellationToken);

    public async Task<bool> HasImageAsync(ImageRecord image, CancellationToken cancellationToken)
    {
        if (image.ImageId is not { } id)
        {
            return false;
        }

        try
        {
            return (await _docker.AskAsync(client => client.Images.InspectImageAsync(id, cancellationToken))).ID == id;
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _docker.Dispose();
        _network.Dispose();
    }
}
