using System.Net;
using System.Text.RegularExpressions;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The images that Dockerfiles begin with. They are fetched before a build, not by it: so a missing one is
/// named, and its id is known for the image's key.
/// </summary>
internal sealed partial class BaseImages(DockerConnection docker, RegistryRules registries)
{
    /// <summary>
    /// The image on the engine. Pulls what is missing; with <paramref name="anew"/> what is there, too, and keeps that where
    /// the pull fails.
    /// </summary>
    public async Task<ImageInspectResponse> ResolveAsync(
        ImageName name, bool anew, IReadOnlyList<Credential> logins, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        // The name becomes part of a path of the engine's API.
        if (!Reference().IsMatch(name.Name))
        {
            throw Unavailable(name, "that is not the name of an image");
        }

        var image = await FindAsync(name, cancellationToken);
        return image is null || anew ? await PullAsync(name, image, logins, log, cancellationToken) : image;
    }

    private async Task<ImageInspectResponse?> FindAsync(ImageName name, CancellationToken cancellationToken)
    {
        try
        {
            var image = await docker.AskAsync(client => client.Images.InspectImageAsync(name.Name, cancellationToken));
            var platform = $"{image.Os}/{image.Architecture}";
            return name.Platform?.StartsWith(platform, StringComparison.Ordinal) == false ? null : image;
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.BadRequest)
        {
            throw Unavailable(name, exception.Reason);
        }
    }

    private async Task<ImageInspectResponse> PullAsync(
        ImageName name, ImageInspectResponse? local, IReadOnlyList<Credential> logins, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        await log.SayAsync($"Pulling {name.Name}", cancellationToken);
        var fault = await registries.FindFaultAsync(name.Name, cancellationToken)
            ?? await TryPullAsync(name, logins, cancellationToken);
        var image = fault is null ? await FindAsync(name, cancellationToken) : null;
        if (image is not null)
        {
            await log.SayAsync($"Pulled {image.RepoDigests?.FirstOrDefault() ?? image.ID}", cancellationToken);
            return image;
        }

        if (local is null)
        {
            throw Unavailable(name, fault ?? "the engine does not have it after the pull");
        }

        await log.SayAsync(
            $"{name.Name} could not be pulled; the one that the engine has is used: {fault}", cancellationToken);
        return local;
    }

    /// <summary>Null if it worked; else the reason.</summary>
    private async Task<string?> TryPullAsync(
        ImageName name, IReadOnlyList<Credential> logins, CancellationToken cancellationToken)
    {
        var (repository, tag) = RegistryRules.Split(name.Name);
        var parameters = new ImagesCreateParameters { FromImage = repository, Tag = tag, Platform = name.Platform };
        var errors = new Errors();
        try
        {
            await docker.AskAsync(client => client.Images.CreateImageAsync(
                parameters, RegistryRules.FindLogin(name.Name, logins), errors, cancellationToken));
            return errors.Last;
        }
        catch (DockerApiException exception)
        {
            return exception.Reason;
        }
    }

    private static DeploymentFailedException Unavailable(ImageName name, string reason) => new(
        FailureCode.BaseImageUnavailable,
        $"Image `{name.Name}` on line {name.Line} of the Dockerfile is not on the engine and cannot be pulled: {reason}",
        $"Check its name and tag, and that this host reaches its registry; or put it there by hand: "
        + $"`docker pull {name.Name}` or `docker load`.");

    [GeneratedRegex("^[a-zA-Z0-9]([a-zA-Z0-9_:@-]|\\.(?!\\.)|/(?!\\.))*$")]
    private static partial Regex Reference();

    // Progress<T> would report out of order, and after the end.
    private sealed class Errors : IProgress<JSONMessage>
    {
        public string? Last { get; private set; }

        public void Report(JSONMessage value) => Last = value.Error?.Message ?? Last;
    }
}

/// <summary>An image that a Dockerfile names.</summary>
/// <param name="Name">With the values of its variables.</param>
/// <param name="Line">Of the Dockerfile.</param>
/// <param name="Platform">Null: the engine's own.</param>
internal sealed record ImageName(string Name, int Line, string? Platform)
{
    /// <summary>As the Dockerfile has it, variables and all.</summary>
    public string Written { get; init; } = Name;

    /// <summary>Those of its variables that have no value.</summary>
    public IReadOnlyList<string> Unset { get; init; } = [];
}
