using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Hosting;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class LogsFunction(
    VisibleDeployments deployments, ILogStore logs, LogReader reader, LogEvents events, EventStreams streams,
    OpenStreams open, IHostApplicationLifetime lifetime)
{
    [Function("Logs")]
    [Needs(Scope.Read)]
    public async Task<Results<LogAnswer, EventsAnswer, Refusal>> LogsAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/deployments/{id:long}/logs")] HttpRequest request,
        long id,
        CancellationToken cancellationToken)
    {
        var query = new QueryReader(request.Query);
        var asked = LogQuery.Read(request, query);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await deployments.FindAsync(request, id, cancellationToken) is null)
        {
            return Refusal.NoDeployment;
        }

        if (asked.Format == LogFormat.Sse)
        {
            var after = await asked.FindStartAsync(reader, logs, id, cancellationToken);
            return streams.Answer(stream => events.TellAsync(stream, id, after, asked));
        }

        var entries = await asked.ReadAsync(reader, logs, id, cancellationToken);
        return new LogAnswer(entries, asked.Format, asked.Follow ? open : null, lifetime.ApplicationStopping);
    }
}
