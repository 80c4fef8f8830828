using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Volumes on one Docker engine. None is ever removed.</summary>
internal sealed class DockerVolumes(DockerOptions options, IDeploymentStore store) : IVolumeEngine, IDisposable
{
    private const string VolumeLabel = "speed.volume";
    private const string OwnerLabel = "speed.owner";
    private const string HelperLabel = "speed.helper";

    // In the helper, where an image has nothing.
    private const string Folder = "/speed-volume";

    private readonly DockerConnection _docker = new(options.Endpoint);

    // Asked for late: the store knows its instance once its database is open.
    private Ownership Own => new(store.Instance);

    public async Task<IReadOnlyList<EngineVolume>> ListVolumesAsync(CancellationToken cancellationToken)
    {
        var parameters = new VolumesListParameters { Filters = OfThisInstance() };
        var found = await _docker.AskAsync(client => client.Volumes.ListAsync(parameters, cancellationToken));
        return
        [
            .. from one in found.Volumes ?? []
               select new EngineVolume(one.Name, LabelOf(one, VolumeLabel), LabelOf(one, OwnerLabel)),
        ];
    }

    public async Task<IReadOnlyList<EngineContainer>> ListUsersAsync(CancellationToken cancellationToken) =>
    [
        .. from one in await ListContainersAsync(OfThisInstance(), cancellationToken)
           let name = one.Names.Select(name => name.TrimStart('/'))
               .FirstOrDefault(name => Own.OwnsContainer(BareContainer.NameBefore(name) ?? name, one.Labels))
           where name is not null
           select new EngineContainer(
               long.Parse(one.Labels[Ownership.DeploymentLabel], CultureInfo.InvariantCulture),
               int.Parse(one.Labels[Ownership.AttemptLabel], CultureInfo.InvariantCulture),
               name,
               one.State is not ("created" or "exited" or "dead" or "removing"),
               one.State != "created",
               BareContainer.NameBefore(name) is not null,
               MountsOf(one.Mounts)),
    ];

    public async Task<bool> EnsureVolumeAsync(
        string name, string engineName, string? owner, CancellationToken cancellationToken)
    {
        var isThere = await FindAsync(engineName, cancellationToken) is not null;
        var parameters = new VolumesCreateParameters
        {
            Name = engineName,
            Driver = "local",
            Labels = new Dictionary<string, string>
            {
                [Ownership.InstanceLabel] = Own.Instance,
                [VolumeLabel] = name,
            },
        };
        if (owner is not null)
        {
            parameters.Labels[OwnerLabel] = owner;
        }

        // Of one that is there, the engine gives it as it is.
        var made = await _docker.AskAsync(client => client.Volumes.CreateAsync(parameters, cancellationToken));
        if (LabelOf(made, Ownership.InstanceLabel) != Own.Instance
            || (owner is not null && LabelOf(made, OwnerLabel) != owner))
        {
            throw new DeploymentFailedException(
                FailureCode.ContainerStartFailed,
                $"A volume named {engineName} is there, and it is not this service's: it bears other labels.",
                $"Remove it, if nobody needs it: `docker volume rm {engineName}`.");
        }

        return !isThere;
    }

    public async Task<Stream?> OpenVolumeAsync(
        string engineName, IReadOnlyList<string> imageIds, CancellationToken cancellationToken)
    {
        if (await CreateHelperAsync(engineName, imageIds, cancellationToken) is not { } helper)
        {
            return null;
        }

        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, PathOf(helper, $"{Folder}/."));
            var answer = await _docker.SendAsync(request, cancellationToken);
            return await ReadAsync(answer, cancellationToken) is { } fault
                ? throw new InvalidOperationException($"The engine does not give the volume {engineName}: {fault}")
                : new HelperStream(
                    await answer.Content.ReadAsStreamAsync(cancellationToken),
                    async () =>
                    {
                        answer.Dispose();
                        await RemoveAsync(helper);
                    });
        }
        catch
        {
            await RemoveAsync(helper);
            throw;
        }
    }

    public async Task<bool> FillVolumeAsync(
        string engineName, IReadOnlyList<string> imageIds, Stream tar, CancellationToken cancellationToken)
    {
        if (await CreateHelperAsync(engineName, imageIds, cancellationToken) is not { } helper)
        {
            return false;
        }

        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, PathOf(helper, Folder))
            {
                Content = new StreamContent(tar),
            };

            // As a form, the engine would read it in vain.
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
            using var answer = await _docker.SendAsync(request, cancellationToken);
            return await ReadAsync(answer, cancellationToken) is { } fault ? throw new FormatException(fault) : true;
        }
        finally
        {
            await RemoveAsync(helper);
        }
    }

    public async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        foreach (var one in await ListContainersAsync(OfThisInstance(), cancellationToken))
        {
            if (one.Labels.ContainsKey(HelperLabel) && one.Names.Any(name => name.TrimStart('/') == Own.HelperName(one.Labels)))
            {
                await RemoveAsync(one.ID);
            }
        }
    }

    public void Dispose() => _docker.Dispose();

    internal static IReadOnlyList<EngineMount> MountsOf(IEnumerable<MountPoint>? mounts) =>
    [
        .. from mount in mounts ?? []
           where mount is { Type: "volume", Name: not null }
           select new EngineMount(mount.Name!, mount.Destination!),
    ];

    private static string? LabelOf(VolumeResponse volume, string label) =>
        volume.Labels?.TryGetValue(label, out var value) == true ? value : null;

    private static string PathOf(string container, string folder) =>
        $"/containers/{container}/archive?path={Uri.EscapeDataString(folder)}";

    // Null if all went well.
    private static async Task<string?> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.IsSuccessStatusCode)
        {
            return null;
        }

        using (answer)
        {
            return EngineAnswers.MessageIn(await answer.Content.ReadAsStringAsync(cancellationToken))
                ?? $"HTTP {(int)answer.StatusCode}";
        }
    }

    private Dictionary<string, IDictionary<string, bool>> OfThisInstance() => new()
    {
        ["label"] = new Dictionary<string, bool> { [$"{Ownership.InstanceLabel}={Own.Instance}"] = true },
    };

    private Task<IList<ContainerListResponse>> ListContainersAsync(
        Dictionary<string, IDictionary<string, bool>> filters, CancellationToken cancellationToken) =>
        _docker.AskAsync(client => client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true, Filters = filters }, cancellationToken));

    private async Task<VolumeResponse?> FindAsync(string engineName, CancellationToken cancellationToken)
    {
        try
        {
            return await _docker.AskAsync(client => client.Volumes.InspectAsync(engineName, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    // Never started: the engine copies out of and into what one mounts all the same, and any image will do.
    private async Task<string?> CreateHelperAsync(
        string engineName, IReadOnlyList<string> imageIds, CancellationToken cancellationToken)
    {
        foreach (var imageId in imageIds)
        {
            try
            {
                var parameters = HelperOf(engineName, imageId);
                return (await _docker.AskAsync(
                    client => client.Containers.CreateContainerAsync(parameters, cancellationToken))).ID;
            }
            catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
            {
                // The image is not there any more.
            }
        }

        return null;
    }

    private CreateContainerParameters HelperOf(string engineName, string imageId)
    {
        var labels = new Dictionary<string, string>
        {
            [Ownership.InstanceLabel] = Own.Instance,
            [HelperLabel] = Guid.NewGuid().ToString("N"),
        };
        return new CreateContainerParameters
        {
            Name = Own.HelperName(labels),
            Image = imageId,
            Cmd = ["-"],
            Labels = labels,
            HostConfig = new HostConfig
            {
                NetworkMode = "none",
                Mounts =
                [
                    new Mount
                    {
                        Type = "volume",
                        Source = engineName,
                        Target = Folder,
                        VolumeOptions = new VolumeOptions { NoCopy = true },
                    },
                ],
            },
        };
    }

    // Not cancelable: a canceled export cleans up, too. Its anonymous volumes go with it, never the one it was for.
    private Task RemoveAsync(string helper) => Leftovers.RemoveContainerAsync(_docker, helper, CancellationToken.None);
}
