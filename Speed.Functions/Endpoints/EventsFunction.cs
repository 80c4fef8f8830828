using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class EventsFunction(DeploymentEvents events, EventStreams streams)
{
    [Function("Events")]
    [Needs(Scope.Read)]
    public Results<EventsAnswer, Refusal> Events(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/events")] HttpRequest request)
    {
        var query = new QueryReader(request.Query);
        var last = query.LastEventId(request);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var caller = request.Caller();
        return streams.Answer(stream => events.TellAsync(stream, caller, last));
    }
}
