using System.Collections.Concurrent;
using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>An image that the engine has.</summary>
/// <param name="Name">Under which it has it.</param>
/// <param name="IsApart">SPEED gave it that name, because the one that it was pulled by is another image's.</param>
internal sealed record EngineImage(string Name, ImageInspectResponse Inspected, bool IsApart)
{
    public string Id => Inspected.ID;
}

/// <summary>Finds images on the engine by name and platform, and has it pull them.</summary>
/// <remarks>
/// To an engine a name is one image, of one platform: a pull for another platform takes the name away from whoever builds on it.
/// So an image that was pulled for another platform gets a name of its own, and the name goes back to what it was.
/// </remarks>
internal sealed class EngineImages(DockerConnection docker, Registries registries, IDeploymentStore store)
{
    // One small entry for each name of this process's life. While a pull may have moved a name nobody looks at what it is.
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _moving = new();

    /// <param name="platform">As a Dockerfile asks for it; null: whatever is there.</param>
    public async Task<EngineImage?> FindAsync(
        ImageReference image, string? platform, CancellationToken cancellationToken)
    {
        var gate = GateOf(image);
        await gate.WaitAsync(cancellationToken);
        try
        {
            return await FindThereAsync(image, platform, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Null where it cannot be had; why, the answer says, or that the engine does not have it all the same.</summary>
    public async Task<(EngineImage? Image, RegistryAnswer Answer)> PullAsync(
        ImageReference image, string? platform, IReadOnlyList<Credential> logins, CancellationToken cancellationToken)
    {
        var gate = GateOf(image);
        await gate.WaitAsync(cancellationToken);
        try
        {
            var before = await InspectAsync(image.Name, cancellationToken);
            var answer = await registries.PullAsync(image, platform, logins, cancellationToken);
            var after = answer.IsYes ? await InspectAsync(image.Name, cancellationToken) : null;
            if (platform is not null && after is not null && after.ID != before?.ID
                && !IsOf(before is null ? await EnginePlatformAsync(cancellationToken) : platform, before ?? after))
            {
                await SetApartAsync(image, platform, before, after);
            }

            return (after is null ? null : await FindThereAsync(image, platform, cancellationToken), answer);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<EngineImage?> FindThereAsync(
        ImageReference image, string? platform, CancellationToken cancellationToken)
    {
        if (await InspectAsync(image.Name, cancellationToken) is { } found && IsOf(platform, found))
        {
            return new EngineImage(image.Name, found, IsApart: false);
        }

        return platform is not null && ApartName(image, platform) is var name
            && await InspectAsync(name, cancellationToken) is { } apart && IsOf(platform, apart)
                ? new EngineImage(name, apart, IsApart: true)
                : null;
    }

    // Not cancelable: the name would stay with the other one.
    private async Task SetApartAsync(
        ImageReference image, string platform, ImageInspectResponse? before, ImageInspectResponse after)
    {
        await TagAsync(after.ID, ApartName(image, platform));
        if (before is not null && image.Digest is null)
        {
            await TagAsync(before.ID, image.Name);
        }
        else if (before is null)
        {
            await docker.AskAsync(client => client.Images.DeleteImageAsync(
                image.Name, new ImageDeleteParameters { NoPrune = true }, CancellationToken.None));
        }
    }

    private Task TagAsync(string id, string name)
    {
        var colon = name.LastIndexOf(':');
        return docker.AskAsync(client => client.Images.TagImageAsync(
            id, new ImageTagParameters { RepositoryName = name[..colon], Tag = name[(colon + 1)..] },
            CancellationToken.None));
    }

    private async Task<ImageInspectResponse?> InspectAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await docker.AskAsync(client => client.Images.InspectImageAsync(name, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<string> EnginePlatformAsync(CancellationToken cancellationToken) =>
        (await docker.DescribeAsync(cancellationToken)).Platform;

    private static bool IsOf(string? platform, ImageInspectResponse image) =>
        platform is null || $"{InFull(platform)}/".StartsWith($"{image.Os}/{image.Architecture}/", StringComparison.Ordinal);

    // As engines read it: `linux/arm64/v8`, `arm64` and `aarch64`, in any case.
    private static string InFull(string platform)
    {
        var parts = platform.ToLowerInvariant().Split('/');
        string[] all = parts.Length > 1 ? parts : ["linux", .. parts];
        all[1] = all[1] switch
        {
            "x86_64" or "x86-64" => "amd64",
            "aarch64" => "arm64",
            var architecture => architecture,
        };
        return string.Join('/', all);
    }

    private string ApartName(ImageReference image, string platform) =>
        new Ownership(store.Instance).PlatformTag(BuildKey.Sha256($"{image.Name} {InFull(platform)}"));

    private SemaphoreSlim GateOf(ImageReference image) => _moving.GetOrAdd(image.Name, _ => new SemaphoreSlim(1));
}
