using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>
/// What every request goes through, whichever host took it: it is counted, named, judged, and answered by its function.
/// </summary>
internal sealed class Pipeline(
    RequestMetrics metrics, HttpRules http, AccessRules access, FunctionTable functions, IServiceProvider services)
{
    public void Use(IApplicationBuilder app)
    {
        app.Use(HeadAnswer.AnswerAsync);
        app.Use(metrics.CountAsync);
        http.Use(app);
        app.Use(access.GuardAsync);
        app.UseRouting();
        app.UseEndpoints(routes => functions.Map(routes, services));
    }

    /// <summary>The whole of it by itself; what no function answers is 404 or 405.</summary>
    public RequestDelegate Build()
    {
        var app = new ApplicationBuilder(services);
        Use(app);
        return app.Build();
    }
}
