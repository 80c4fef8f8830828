using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>Counts answers by function and status. To stand before whatever else may answer.</summary>
internal sealed class RequestMetrics(SpeedMetrics metrics, FunctionTable functions)
{
    public async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        var function = functions.Find(context.Request)?.Function.Name ?? "";
        metrics.Requests.WithLabels(function, $"{context.Response.StatusCode}").Inc();
    }
}
