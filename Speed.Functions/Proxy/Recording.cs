using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Speed.Deployments;

namespace Speed.Proxy;

/// <summary>Has a request served, counts it, and writes down what became of it.</summary>
internal sealed class Recording(
    Forwarding forwarding, ProxySettings settings, AccessLog? log, TrafficMeter? meter, TimeProvider time)
{
    private const string IdHeader = "X-Request-Id";
    private const int MostOfId = 128;
    private const int MostOfText = 2048;

    // As nginx has it: nobody was there to be told a status.
    private const int ClientClosedRequest = 499;

    public async Task ServeAsync(HttpContext context)
    {
        var (at, began) = (time.GetUtcNow(), time.GetTimestamp());
        var request = new ProxiedRequest(IdOf(context.Request));
        context.Features.Set(request);
        context.Features.Set<IHttpResponseBodyFeature>(
            new CountedAnswer(context.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), request));
        try
        {
            await forwarding.ServeAsync(context, request);
        }
        finally
        {
            Note(context, request, at, time.GetElapsedTime(began));
        }
    }

    // Of a proxy in front it is known by that one's id; else by ours.
    private static string IdOf(HttpRequest request) =>
        request.Headers[IdHeader] is [{ Length: > 0 and <= MostOfId } id] && id.All(c => c is >= ' ' and <= '~')
            ? id
            : Guid.CreateVersion7().ToString();

    private void Note(HttpContext context, ProxiedRequest request, DateTimeOffset at, TimeSpan took)
    {
        var isUnanswered = request.Fault == ProxyFault.ClientGone && !context.Response.HasStarted;
        var status = isUnanswered ? ClientClosedRequest : context.Response.StatusCode;
        var service = request.Route?.Service ?? "";
        meter?.Answered(service, status);
        if (request.Fault is { } fault)
        {
            meter?.Failed(service, fault);
        }

        if (log is not null)
        {
            var path = request.Line?.Target ?? context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            log.Add(new AccessLine
            {
                Time = at,
                Id = request.Id,
                Client = settings.ClientOf(context)?.ToString(),
                Host = Short(Forwarding.HostOf(context.Request).Value!),
                Method = Short(context.Request.Method),
                Path = Short(path.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? path[..query] : path),
                Protocol = context.Request.Protocol,
                Deployment = request.Route?.Id,
                Status = status,
                Bytes = request.Upgraded?.Received ?? request.Bytes,
                Ms = Math.Round(took.TotalMilliseconds, 1),
                Fault = request.Fault,
            });
        }
    }

    private static string Short(string text) => text.Length <= MostOfText ? text : $"{text[..MostOfText]}…";
}
