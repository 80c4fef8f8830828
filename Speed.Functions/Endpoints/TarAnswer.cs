using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>A tar on its way to a client, as it comes. Cut off where it breaks: half a tar does not pass for a whole one.</summary>
public sealed class TarAnswer : IResult
{
    internal const string MediaType = "application/x-tar";

    private readonly Stream _tar;
    private readonly string _name;

    internal TarAnswer(Stream tar, string name) => (_tar, _name) = (tar, name);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        await using var tar = _tar;
        var response = httpContext.Response;
        response.ContentType = MediaType;
        response.Headers.ContentDisposition = $"attachment; filename=\"{_name}\"";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await tar.CopyToAsync(response.Body, httpContext.RequestAborted);
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to read on.
        }
    }
}
