using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Speed.Endpoints;

namespace Speed.Hosting;

/// <summary>
/// Answers within the invocation. Whatever answers in front of it leaves the host waiting for an invocation that never
/// began, and the client for the end of its answer. What comes while SPEED is still starting waits for that.
/// </summary>
internal sealed class InvocationAnswer : IFunctionsWorkerMiddleware
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Refusal Starting =
        new(503, "STARTING", "SPEED is still starting: try again in a moment.") { RetryAfterSeconds = 5 };

    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<RequestDelegate> _answer;
    private readonly Lazy<RequestDelegate> _refuse;
    private readonly TimeProvider _time;

    public InvocationAnswer(
        IHostApplicationLifetime lifetime, HttpRules http, TimeProvider time, IServiceProvider services)
    {
        lifetime.ApplicationStarted.Register(() => _started.TrySetResult());
        lifetime.ApplicationStopping.Register(() => _started.TrySetCanceled());
        _time = time;

        // Made once SPEED has started, and not before: what judges callers reads keys, which the store has then checked.
        _answer = new(() => services.GetRequiredService<Pipeline>().Build());
        _refuse = new(() =>
        {
            var app = new ApplicationBuilder(services);
            http.Use(app);
            app.Run(Starting.ExecuteAsync);
            return app.Build();
        });
    }

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        var http = context.GetHttpContext()
            ?? throw new InvalidOperationException("The Functions host sent no request with the invocation.");
        // The worker's own route, which leads to all functions, has been found before; ours is still to be.
        http.SetEndpoint(null);
        http.Request.RouteValues.Clear();
        var answer = await HasStartedAsync(http.RequestAborted) ? _answer : _refuse;
        await answer.Value(http);
    }

    private async Task<bool> HasStartedAsync(CancellationToken aborted)
    {
        try
        {
            await _started.Task.WaitAsync(Patience, _time, aborted);
            return true;
        }
        catch (Exception fault) when (fault is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
