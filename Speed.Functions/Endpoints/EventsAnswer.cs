using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>An answer of server-sent events, or the refusal where too many are open.</summary>
public sealed class EventsAnswer : IResult
{
    private readonly OpenStreams _streams;
    private readonly Func<HttpContext, EventStream> _begin;
    private readonly Func<EventStream, Task> _tell;

    internal EventsAnswer(OpenStreams streams, Func<HttpContext, EventStream> begin, Func<EventStream, Task> tell)
    {
        (_streams, _begin, _tell) = (streams, begin, tell);
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (place, refusal) = _streams.Open(httpContext.Request.Caller());
        if (refusal is not null)
        {
            await refusal.ExecuteAsync(httpContext);
            return;
        }

        using var held = place;
        using var stream = _begin(httpContext);
        try
        {
            await _tell(stream);
        }
        catch (OperationCanceledException) when (stream.Over.IsCancellationRequested)
        {
            // Its time is over, SPEED stops, or the client is gone: the answer ends with the last whole event.
        }

        await stream.SendAsync();
    }
}
