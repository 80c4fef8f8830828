using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>Counts answers by function and status. To stand before whatever else may answer.</summary>
internal sealed class RequestMetrics(SpeedMetrics metrics, FunctionTable functions) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(CountAsync);
        next(app);
    };

    private async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        var function = functions.Find(context.Request)?.Function.Name ?? "";
        metrics.Requests.WithLabels(function, $"{context.Response.StatusCode}").Inc();
    }
}
