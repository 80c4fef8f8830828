using System.Net;
using Docker.DotNet;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>
/// The images that Dockerfiles begin with and copy from. They are fetched before a build, not by it: so a missing one is
/// named, its id is known for the image's key, and nobody gets an image only because somebody else had it fetched.
/// </summary>
/// <remarks>
/// What the engine has is used without a word where it is for everybody: its name is among <see cref="LocalImages"/>, or SPEED
/// got it without a login. Any other is asked for at its registry, as this deployment. Where that does not answer, what it let
/// the same repository have a day ago counts.
/// </remarks>
internal sealed class BaseImages(
    DockerConnection docker, Registries registries, LocalImages local, IDeploymentStore store)
{
    private readonly EngineImages _engine = new(docker, registries, store);

    /// <summary>
    /// The image on the engine; pulled where it is missing, or where what is there is not this repository's to use. Throws
    /// <see cref="FailureCode.DockerfileRefused"/> for what is no name of an image that one may name, and
    /// <see cref="FailureCode.BaseImageUnavailable"/>.
    /// </summary>
    public async Task<ResolvedImage> ResolveAsync(ImageName name, ImageAsker asker, CancellationToken cancellationToken)
    {
        var wish = new Wish(name, ReferenceOf(name), asker);
        var found = await FindAsync(wish, cancellationToken);
        var image = found switch
        {
            null => await PullAsync(wish, cancellationToken),
            _ when asker.Anew => await PullAnewAsync(wish, found, cancellationToken),
            _ when await IsForEverybodyAsync(wish, found, cancellationToken) => found,
            _ => await AskAsync(wish, found, cancellationToken),
        };
        return ResolvedImage.Of(wish.Image, image);
    }

    private static ImageReference ReferenceOf(ImageName name)
    {
        if (ImageReference.FindRefusal(name.Name) is { } refusal)
        {
            throw new DeploymentFailedException(
                FailureCode.DockerfileRefused,
                $"`{name.Name}` on line {name.Line} of the Dockerfile is {refusal}.",
                "Name the image as its registry has it, such as `docker.io/library/alpine:3.20`.");
        }

        if (ImageReference.Parse(name.Name) is { } reference)
        {
            return reference.IsScratch ? throw ImageUnavailable.Scratch(name) : reference;
        }

        throw name.Unset.Count > 0
            ? UnsetVariables.Failure(name.Written, name.Line, name.Unset)
            : ImageUnavailable.NoName(name);
    }

    private async Task<EngineImage?> FindAsync(Wish wish, CancellationToken cancellationToken)
    {
        try
        {
            return await _engine.FindAsync(wish.Image, wish.Name.Platform, cancellationToken);
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.BadRequest)
        {
            throw Unavailable(wish, new RegistryAnswer(exception.Reason));
        }
    }

    private async Task<bool> IsForEverybodyAsync(
        Wish wish, EngineImage found, CancellationToken cancellationToken) =>
        local.Has(wish.Image) || await store.IsPublicImageAsync(found.Name, found.Id, cancellationToken);

    private async Task<EngineImage> AskAsync(
        Wish wish, EngineImage found, CancellationToken cancellationToken)
    {
        var answer = await registries.AskAsync(wish.Image, wish.Asker.Logins, cancellationToken);
        if (!answer.IsYes)
        {
            return await GoOnAsync(wish, found, answer, cancellationToken);
        }

        // Under its name the engine may have anything: only what came from there is what the registry let us have.
        var digests = ResolvedImage.DigestsOf(wish.Image, found);
        if (digests.Count == 0 && !found.IsApart)
        {
            return await PullAsync(wish, cancellationToken);
        }

        var isTheSame = answer.Digest is { } digest && digests.Contains(digest);
        await NoteAsync(
            wish, found, answer with { IsForEverybody = answer.IsForEverybody && isTheSame }, cancellationToken);
        return found;
    }

    private async Task<EngineImage> PullAsync(Wish wish, CancellationToken cancellationToken)
    {
        var (image, answer) = await TryPullAsync(wish, cancellationToken);
        return image ?? throw Unavailable(
            wish, answer.IsYes ? new RegistryAnswer("the engine does not have it after the pull") : answer);
    }

    private async Task<EngineImage> PullAnewAsync(
        Wish wish, EngineImage found, CancellationToken cancellationToken)
    {
        var (image, answer) = await TryPullAsync(wish, cancellationToken);
        if (image is not null)
        {
            return image;
        }

        if (!await IsForEverybodyAsync(wish, found, cancellationToken))
        {
            return await GoOnAsync(wish, found, answer, cancellationToken);
        }

        await wish.Asker.Log.SayAsync(
            $"{wish.Name.Name} could not be pulled; the one that the engine has is used: {answer.Reason}",
            cancellationToken);
        return found;
    }

    private async Task<(EngineImage? Image, RegistryAnswer Answer)> TryPullAsync(
        Wish wish, CancellationToken cancellationToken)
    {
        var log = wish.Asker.Log;
        await log.SayAsync($"Pulling {wish.Image}", cancellationToken);
        var (image, answer) = await _engine.PullAsync(
            wish.Image, wish.Name.Platform, wish.Asker.Logins, cancellationToken);
        if (image is not null)
        {
            await log.SayAsync($"Pulled {image.Inspected.RepoDigests?.FirstOrDefault() ?? image.Id}", cancellationToken);
            await NoteAsync(wish, image, answer, cancellationToken);
        }

        return (image, answer);
    }

    private Task NoteAsync(
        Wish wish, EngineImage image, RegistryAnswer answer, CancellationToken cancellationToken) =>
        answer.IsForEverybody
            ? store.RecordPublicImageAsync(image.Name, image.Id, cancellationToken)
            : store.RecordAllowedImageAsync(wish.Asker.Identity, image.Name, image.Id, cancellationToken);

    // A registry that is away for an hour stops nobody who had the image from it; one that says no is heeded at once.
    private async Task<EngineImage> GoOnAsync(
        Wish wish, EngineImage found, RegistryAnswer answer, CancellationToken cancellationToken)
    {
        var allowedAt = answer.IsSilence
            ? await store.FindAllowedImageAsync(wish.Asker.Identity, found.Name, found.Id, cancellationToken)
            : null;
        if (allowedAt is null)
        {
            throw Unavailable(wish, answer);
        }

        await wish.Asker.Log.SayAsync(
            $"The registry of {wish.Image} does not answer; the image that the engine has is used, which it let this repository "
            + $"have on {allowedAt:yyyy-MM-dd} at {allowedAt:HH:mm} UTC: {answer.Reason}",
            cancellationToken);
        return found;
    }

    private DeploymentFailedException Unavailable(Wish wish, RegistryAnswer answer) =>
        ImageUnavailable.For(wish.Name, wish.Image, answer, local, wish.Asker.Platform);

    private sealed record Wish(ImageName Name, ImageReference Image, ImageAsker Asker);
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

/// <summary>Who asks for images.</summary>
/// <param name="Logins">This deployment's own for registries, the closest first.</param>
/// <param name="Anew">Pulls what is there, too.</param>
internal sealed record ImageAsker(
    RepositoryIdentity Identity, IReadOnlyList<Credential> Logins, bool Anew, DeploymentLog Log)
{
    /// <summary>The engine's own.</summary>
    public string Platform { get; init; } = "linux/amd64";
}
