using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Net.Http.Headers;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Volumes: which there are, and whose; their data out and in.</summary>
public sealed class VolumesFunction(VolumeList volumes, VolumeTransfer transfer)
{
    private static readonly string[] Tar = [TarAnswer.MediaType, "application/tar", "application/octet-stream"];

    private static Refusal NoVolume { get; } = new(
        404, "NOT_FOUND", "Volume not found: GET /v1/volumes has them, each with the name on the engine that is asked for here.");

    private static Refusal NoImage { get; } = new(
        409,
        "NO_IMAGE",
        "The engine has no image of SPEED's to open the volume through: deploy something first, or use `docker run --volume`.");

    [Function("Volumes")]
    [Needs(Scope.Read)]
    public async Task<Results<Ok<VolumesShown>, Refusal>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/volumes")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        try
        {
            var caller = request.Caller();
            return TypedResults.Ok(new VolumesShown(
                [.. (await volumes.ReadAsync(cancellationToken)).Where(one => Sees(caller, one)).Select(VolumeView.Of)]));
        }
        catch (DeploymentFailedException fault)
        {
            return NoEngine(fault);
        }
    }

    [Function("ExportVolume")]
    [Needs(Scope.Admin)]
    public async Task<Results<TarAnswer, Refusal>> ExportAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/volumes/{volume}/export")] HttpRequest request,
        string volume,
        CancellationToken cancellationToken)
    {
        try
        {
            if (!await SeesAsync(request, volume, cancellationToken))
            {
                return NoVolume;
            }

            return await transfer.ExportAsync(volume, cancellationToken) switch
            {
                ExportOutcome.Opened opened => new TarAnswer(opened.Tar, $"{volume}.tar"),
                ExportOutcome.NoImage => NoImage,
                _ => NoVolume,
            };
        }
        catch (DeploymentFailedException fault)
        {
            return NoEngine(fault);
        }
    }

    [Function("ImportVolume")]
    [Needs(Scope.Admin)]
    public async Task<Results<NoContent, Refusal>> ImportAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "v1/volumes/{volume}/import")] HttpRequest request,
        string volume,
        CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !Tar.Contains(type.MediaType.Value))
        {
            return new Refusal(415, "UNSUPPORTED_MEDIA_TYPE", $"The body must be a tar: send Content-Type: {Tar[0]}");
        }

        // Where the server lets a request have more than its usual 30 MB, this one may: it is stored nowhere in SPEED.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        try
        {
            return await SeesAsync(request, volume, cancellationToken)
                ? Answer(await transfer.ImportAsync(volume, request.Body, cancellationToken))
                : NoVolume;
        }
        catch (DeploymentFailedException fault)
        {
            return NoEngine(fault);
        }
    }

    private static Results<NoContent, Refusal> Answer(ImportOutcome outcome) => outcome switch
    {
        ImportOutcome.Done => TypedResults.NoContent(),
        ImportOutcome.NoImage => NoImage,
        ImportOutcome.InUse => new Refusal(
            409, "VOLUME_IN_USE", "A deployment has the volume, or it is being filled: cancel that one, and import then."),
        ImportOutcome.NoTar(var reason) => Refusal.BadRequest("INVALID_TAR", $"The tar cannot be unpacked: {reason}"),
        ImportOutcome.DiskLow(var reason) => Refusal.DiskLow(reason),
        _ => NoVolume,
    };

    private static Refusal NoEngine(DeploymentFailedException fault) => new(
        503, fault.Code.Wire, fault.Message)
    {
        RetryAfterSeconds = 5,
    };

    private async Task<bool> SeesAsync(HttpRequest request, string engineName, CancellationToken cancellationToken) =>
        (await volumes.ReadAsync(cancellationToken)).Any(
            one => one.EngineName == engineName && Sees(request.Caller(), one));

    // Whose the data of one without a service are, only an administrator of all can tell.
    private static bool Sees(Caller caller, Volume volume) => volume.Service is { } service
        ? caller.SeesRepository(RepositoryIdentity.Parse(service.Repository))
        : caller.Repos.Count == 0 && caller.Has(Scope.Admin);
}

public sealed record VolumesShown(IReadOnlyList<VolumeView> Items);

/// <param name="EngineName">What the engine calls it, and what export and import ask for.</param>
/// <param name="Service">The name of the service; empty for most.</param>
/// <param name="Deployments">Those that have it and have not ended.</param>
public sealed record VolumeView(
    string EngineName,
    VolumeState State,
    string? Name,
    string? Repository,
    string? Branch,
    string? Subdirectory,
    string? Service,
    IReadOnlyList<long> Deployments)
{
    internal static VolumeView Of(Volume volume) => new(
        volume.EngineName, volume.State, volume.Name, volume.Service?.Repository, volume.Service?.Branch,
        volume.Service?.Subdirectory, volume.Service?.Name, volume.Deployments);
}
