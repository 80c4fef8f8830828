using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Speed.Hosting;

/// <summary>
/// Lets a worker listen before it speaks to its host. The host passes requests on as soon as it knows the functions, and
/// gives one up for which nobody has listened for two seconds: SPEED may take longer to start.
/// </summary>
/// <param name="web">What starts and stops the worker's server.</param>
internal sealed class ListenFirst(IHostedService web, IServer server, IOptions<WorkerOptions> worker)
    : IHostedLifecycleService
{
    // The system chooses the port when it is bound. One that was chosen before could be somebody else's by then.
    private const string AnyPort = "http://127.0.0.1:0";

    // What the host asks the worker for, in order to know where requests go.
    private const string AddressForHost = "HttpUri";

    /// <summary>Takes the place of what would start the server last. To be added last: then it stops first.</summary>
    public static void Use(IServiceCollection services)
    {
        var last = services.Single(service =>
            service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(GenericHostWebHostBuilderExtensions).Assembly);
        services.Remove(last);
        services.AddHostedService(provider => new ListenFirst(
            (IHostedService)ActivatorUtilities.CreateInstance(provider, last.ImplementationType!),
            provider.GetRequiredService<IServer>(),
            provider.GetRequiredService<IOptions<WorkerOptions>>()));
    }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()!.Addresses;
        addresses.Add(AnyPort);
        await web.StartAsync(cancellationToken);
        worker.Value.Capabilities[AddressForHost] = addresses.Single();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => web.StopAsync(cancellationToken);

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
