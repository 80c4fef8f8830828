using System.Net;
using Docker.DotNet;
using Speed.Deployments;
using Speed.Outgoing;

namespace Speed.Runners;

/// <summary>Builds and runs on one Docker engine.</summary>
public sealed partial class DockerRunner : IRunner, IAsyncDisposable, IDisposable
{
    // A stop of SPEED has five seconds in all.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);

    private readonly DockerOptions _options;
    private readonly IDeploymentStore _store;
    private readonly DockerConnection _docker;
    private readonly BaseImages _bases;
    private readonly AddFetch _fetch;
    private readonly AddedImages _added;
    private readonly InstanceNetwork _network;
    private readonly SpeedContainer _own;
    private readonly PortHolders _holders;
    private readonly ReportMount _reports;
    private readonly ServiceVolumes _volumes;
    private readonly ServiceSettings _settings;
    private readonly HostPorts _ports;
    private bool _isDisposed;

    public DockerRunner(
        DockerOptions options, IDeploymentStore store, ServiceVolumes volumes, ReportFolder? reports = null,
        GuardedClient? client = null, ServiceSettings? settings = null)
    {
        _options = options;
        _settings = settings ?? new ServiceSettings();
        _ports = new HostPorts(_settings);
        _store = store;
        _docker = new DockerConnection(options.Endpoint);
        _bases = new BaseImages(
            _docker, new Registries(_docker, new RegistryRules(options.AllowedRegistries), TimeProvider.System),
            new LocalImages(options.LocalImages), store);
        _fetch = new AddFetch(client ?? new GuardedClient(new Resolver(), TimeProvider.System), options.AllowedHosts)
        {
            BuildsHaveNetwork = options.BuildsHaveNetwork,
        };
        _added = new AddedImages(_docker);
        _network = new InstanceNetwork(_docker);
        _volumes = volumes;
        _own = new SpeedContainer(_docker);
        _holders = new PortHolders(_docker, store);
        _reports = new ReportMount(_docker, _own, options.Endpoint, reports);
    }

    // Asked for late: the store knows its instance once its database is open.
    private Ownership Own => new(_store.Instance);

    public async Task<string?> FindFaultAsync(CancellationToken cancellationToken) =>
        (await _docker.FindFaultAsync(cancellationToken))?.ToString();

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

    /// <summary>
    /// Takes the instance's network away where nothing needs it: an engine has only some thirty to give.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        using var limit = new CancellationTokenSource(EndLimit);
        try
        {
            await _network.RemoveIfUnusedAsync(Own, limit.Token);
        }
        catch (Exception exception) when (
            exception is DockerApiException or DeploymentFailedException or OperationCanceledException)
        {
            // It is found again by the next start.
        }

        Dispose();
    }

    public void Dispose()
    {
        _isDisposed = true;
        _docker.Dispose();
        _added.Dispose();
        _network.Dispose();
    }
}
