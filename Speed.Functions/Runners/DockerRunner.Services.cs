using System.Globalization;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

public sealed partial class DockerRunner
{
    private const string Tcp = "/tcp";

    public async Task<ImageTraits> DescribeImageAsync(string imageId, CancellationToken cancellationToken)
    {
        var image = await FindImageToRunAsync(imageId, cancellationToken);
        var ports = (image.Config?.ExposedPorts?.Keys ?? [])
            .Where(port => port.EndsWith(Tcp, StringComparison.Ordinal))
            .Select(port => int.Parse(port[..^Tcp.Length], CultureInfo.InvariantCulture))
            .Order();
        return new ImageTraits([.. ports], HasHealthcheck(image));
    }

    public IReadOnlyList<PublishedPort> ChooseEndpoints(
        Deployment deployment, IReadOnlyList<PortOption> ports, IReadOnlyList<PublishedPort> kept)
    {
        if (_options.Sandbox == Sandbox.Strict || deployment.Options.Network == ContainerNetwork.None)
        {
            return [];
        }

        return
        [
            .. ports.Select(port => new PublishedPort(
                port.Container, port.Host ?? _ports.Take(deployment.Id, KeptFor(port.Container)))
            {
                Address = _settings.Address.ToString(),
            }),
        ];

        int? KeptFor(int container) => kept.FirstOrDefault(endpoint => endpoint.Container == container)?.Host;
    }

    // ["NONE"] takes away what a base has.
    private static bool HasHealthcheck(ImageInspectResponse image) =>
        image.Config?.Healthcheck?.Test is { Count: > 0 } test && test[0] != "NONE";
}
