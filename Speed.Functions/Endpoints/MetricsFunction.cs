using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class MetricsFunction(SpeedMetrics metrics)
{
    [Function("Metrics")]
    [Needs(Scope.Admin)]
    public PushStreamHttpResult Show(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "metrics")] HttpRequest request) =>
        TypedResults.Stream(
            stream => metrics.Registry.CollectAndExportAsTextAsync(stream, request.HttpContext.RequestAborted),
            "text/plain; version=0.0.4; charset=utf-8");
}
