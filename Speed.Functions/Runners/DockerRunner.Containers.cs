using System.Globalization;
using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

public sealed partial class DockerRunner
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    public async Task<IContainer> CreateAsync(
        Deployment deployment, string imageId, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        var wantsNone = _options.Sandbox == Sandbox.Strict || deployment.Options.Network == ContainerNetwork.None;
        var network = wantsNone ? null : await _network.EnsureAsync(Own, cancellationToken);
        var (reports, reason) = await _reports.FindAsync(cancellationToken);
        if (reason is not null)
        {
            await SayNoReportsAsync(reason, log, cancellationToken);
        }

        await _volumes.SettleAsync(cancellationToken);
        var volumes = await _volumes.MountAsync(deployment, log, cancellationToken);
        var profile = new ContainerProfile(_options.Sandbox, network, reports, volumes, 8 * _options.LogMaxBytes)
        {
            AllowedCapabilities = _options.AllowedCapabilities,
        };
        await SayWhatIsNotAllowedAsync(deployment, log, cancellationToken);
        var image = await FindImageToRunAsync(imageId, cancellationToken);

        var (asked, made, isAdopted) = await MakeAsync(
            profile, held => held.For(deployment, secrets, image, Own), log, cancellationToken);
        var container = new DockerContainer(_docker, made, deployment, log, _own, _holders);
        if (container.State != ContainerState.Created
            || await FindDifferencesAsync(asked, volumes, made, cancellationToken) is not { Count: > 0 } differences)
        {
            return container;
        }

        // Never started, and not held as it must be, for example since settings have changed.
        await container.RemoveAsync(cancellationToken);
        return isAdopted
            ? await CreateAsync(deployment, imageId, secrets, log, cancellationToken)
            : throw new DeploymentFailedException(
                FailureCode.ContainerStartFailed,
                $"The container was not made as asked, and was not started: {string.Join(", ", differences)} differ.",
                "Deploy again; if it stays so, the engine cannot hold the container: see its own log.");
    }

    // Asked for while the operator allowed it, or taken over from a deployment of then.
    private async Task SayWhatIsNotAllowedAsync(
        Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (deployment.Options.CapAdd.Except(_options.AllowedCapabilities).ToList() is { Count: > 0 } refused)
        {
            await log.SayAsync(
                $"Without {string.Join(", ", refused)} of `cap_add`: the operator does not allow that any more "
                + "(Speed__Docker__AllowedCapabilities).",
                cancellationToken);
        }
    }

    public async Task<IContainer?> FindAsync(
        Deployment deployment, DeploymentLog log, CancellationToken cancellationToken)
    {
        await _volumes.SettleAsync(cancellationToken);
        var name = Own.ContainerName(deployment.Id, deployment.Attempt);
        var found = await InspectAsync(name, cancellationToken);
        if (found is null || !Own.OwnsContainer(found.Name, found.Config?.Labels))
        {
            return null;
        }

        if (found.State?.Status != "created")
        {
            await _volumes.TellIfBareAsync(
                deployment, name, DockerVolumes.MountsOf(found.Mounts), log, cancellationToken);
        }

        return new DockerContainer(_docker, found, deployment, log, _own, _holders);
    }

    public async Task RemoveAllAsync(long deploymentId, CancellationToken cancellationToken)
    {
        await _volumes.SettleAsync(cancellationToken);
        var label = $"{Ownership.DeploymentLabel}={deploymentId.ToString(CultureInfo.InvariantCulture)}";
        foreach (var one in await ListOwnAsync(label, cancellationToken))
        {
            if (await InspectAsync(one.ID, cancellationToken) is { } inspected)
            {
                await RemoveAsync(deploymentId, inspected, cancellationToken);
            }
        }

        _ports.Release(deploymentId);
    }

    private async Task<bool> HoldsDataAsync(
        long deploymentId, ContainerInspectResponse container, CancellationToken cancellationToken) =>
        container.State?.Status != "created"
        && await _volumes.IsBareAsync(deploymentId, DockerVolumes.MountsOf(container.Mounts), cancellationToken);

    // Under a name that is none of ours, so that nothing of SPEED's waits for it, counts it or removes it.
    private async Task KeepAsync(ContainerInspectResponse container, CancellationToken cancellationToken)
    {
        var name = BareContainer.KeptNameOf(container.Name.TrimStart('/'));
        try
        {
            await _docker.AskAsync(client => client.Containers.RenameContainerAsync(
                container.ID, new ContainerRenameParameters { NewName = name }, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            // Somebody else removed it.
        }
    }

    // Whoever removes one comes through here: what holds data in itself is kept, whatever the reason to remove it.
    private async Task RemoveAsync(
        long deploymentId, ContainerInspectResponse found, CancellationToken cancellationToken)
    {
        await using var container = new DockerContainer(_docker, found, deployment: null, log: null);
        await container.StopAsync(found.Config?.StopTimeout ?? StopGrace, cancellationToken);
        await (await HoldsDataAsync(deploymentId, found, cancellationToken)
            ? KeepAsync(found, cancellationToken)
            : container.RemoveAsync(cancellationToken));
    }

    private async Task<IReadOnlyList<ContainerListResponse>> ListOwnAsync(
        string label, CancellationToken cancellationToken, bool withSize = false)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["label"] = new Dictionary<string, bool> { [label] = true },
        };
        var found = await _docker.AskAsync(client => client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true, Size = withSize, Filters = filters }, cancellationToken));
        return [.. found.Where(one => one.Names.Any(name => Own.OwnsContainer(name, one.Labels)))];
    }

    // Without the folder to report through where the engine does not see it; everything else is asked for as before.
    private async Task<(CreateContainerParameters Asked, ContainerInspectResponse Made, bool IsAdopted)> MakeAsync(
        ContainerProfile profile, Func<ContainerProfile, CreateContainerParameters> ask, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        var asked = ask(profile);
        try
        {
            var (made, isAdopted) = await CreateOrAdoptAsync(asked, log, cancellationToken);
            return (asked, made, isAdopted);
        }
        catch (DockerApiException refusal) when (SpeaksOf(profile.ReportSource, refusal))
        {
            const string Reason = "the engine does not see SPEED's files";
            _reports.GiveUp(Reason);
            await SayNoReportsAsync(Reason, log, cancellationToken);
            return await MakeAsync(profile with { ReportSource = null }, ask, log, cancellationToken);
        }
        catch (DockerApiException refusal)
        {
            throw DockerContainer.Refused(refusal);
        }
    }

    private async Task<(ContainerInspectResponse Made, bool IsAdopted)> CreateOrAdoptAsync(
        CreateContainerParameters parameters, DeploymentLog log, CancellationToken cancellationToken)
    {
        try
        {
            var created = await _docker.AskAsync(
                client => client.Containers.CreateContainerAsync(parameters, cancellationToken));
            foreach (var warning in created.Warnings ?? [])
            {
                await log.SayAsync($"Docker warns: {warning}", cancellationToken);
            }

            var made = await InspectAsync(created.ID, cancellationToken);
            return (made ?? throw DockerContainer.Lost(parameters.Name!), false);
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.Conflict)
        {
            return (await AdoptAsync(parameters, cancellationToken) ?? throw DockerContainer.Refused(exception), true);
        }
    }

    // Each engine has words of its own for a folder that it does not see; all of them name it.
    private static bool SpeaksOf(string? reportSource, DockerApiException refusal) =>
        reportSource is not null && refusal.Reason.Contains(reportSource, StringComparison.Ordinal);

    private static ValueTask SayNoReportsAsync(string reason, DeploymentLog log, CancellationToken cancellationToken) =>
        log.SayAsync($"The program cannot report through {ReportFolder.InContainer}: {reason}.", cancellationToken);

    private async Task<ContainerInspectResponse?> AdoptAsync(
        CreateContainerParameters parameters, CancellationToken cancellationToken)
    {
        var found = await InspectAsync(parameters.Name!, cancellationToken);
        var isThisAttempt = found is null || (Own.OwnsContainer(found.Name, found.Config?.Labels)
            && parameters.Labels.All(label => found.Config!.Labels.Contains(label)));
        return isThisAttempt ? found : throw new DeploymentFailedException(
            FailureCode.ContainerStartFailed,
            $"A container named {parameters.Name} is there, and it is not SPEED's: it bears other labels.",
            $"Rename or remove it, and deploy again: `docker rename {parameters.Name} other`.");
    }

    private async Task<IReadOnlyList<string>> FindDifferencesAsync(
        CreateContainerParameters parameters, IReadOnlyList<VolumeMount> volumes, ContainerInspectResponse made,
        CancellationToken cancellationToken)
    {
        var info = await _docker.AskAsync(client => client.System.GetSystemInfoAsync(cancellationToken));
        return ProfileCheck.Differences(parameters, volumes, made, info.SwapLimit);
    }

    private async Task<ImageInspectResponse> FindImageToRunAsync(string imageId, CancellationToken cancellationToken)
    {
        try
        {
            return await _docker.AskAsync(client => client.Images.InspectImageAsync(imageId, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            throw new DeploymentFailedException(
                FailureCode.ContainerStartFailed, $"The image {imageId} is no longer on the engine.",
                "Deploy again: it is built anew.", inner: exception);
        }
    }

    private async Task<ContainerInspectResponse?> InspectAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await _docker.AskAsync(client => client.Containers.InspectContainerAsync(id, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
