using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>
/// What holds for every answer, whichever function gives it: a request id, the security headers, and a JSON body
/// where something failed or nothing answered.
/// </summary>
internal sealed partial class HttpRules(ILogger<HttpRules> logger)
{
    private const string RequestId = "X-Request-Id";
    private const int MaxRequestIdLength = 128;

    public void Use(IApplicationBuilder app)
    {
        app.Use(NameRequest);
        app.Use(AddSecurityHeaders);
        app.Use(AnswerFaultsAsync);
        app.Use(AnswerUnknownAsync);
    }

    private static Task NameRequest(HttpContext context, RequestDelegate next)
    {
        var given = context.Request.Headers[RequestId];
        if (given is [{ Length: > 0 and <= MaxRequestIdLength } id] && id.All(c => c is >= ' ' and <= '~'))
        {
            context.TraceIdentifier = id;
        }
        else
        {
            context.TraceIdentifier = Guid.CreateVersion7().ToString();
        }

        context.Response.Headers[RequestId] = context.TraceIdentifier;
        return next(context);
    }

    private static Task AddSecurityHeaders(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return next(context);
    }

    private async Task AnswerFaultsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception fault) when (
            (fault is OperationCanceledException or IOException) && context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to answer.
        }
        catch (BadHttpRequestException fault)
        {
            await AnswerAsync(context, new Refusal(fault.StatusCode, "BAD_REQUEST", fault.Message));
        }
        catch (StoreUnavailableException fault)
        {
            StoreUnavailable(context.TraceIdentifier, fault.Message);
            await AnswerAsync(
                context,
                new Refusal(503, "STORE_UNAVAILABLE", "SPEED cannot reach its database for now: try again in a moment.")
                {
                    RetryAfterSeconds = 5,
                });
        }
        catch (Exception fault)
        {
            RequestFailed(fault, context.TraceIdentifier, context.Request.Method, context.GetEndpoint()?.DisplayName);
            var sentence = $"SPEED failed; its log says why under request id {context.TraceIdentifier}.";
            await AnswerAsync(context, new Refusal(500, "INTERNAL", sentence));
        }
    }

    private static async Task AnswerUnknownAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Response is { HasStarted: false, ContentType: null, StatusCode: 404 })
        {
            await AnswerAsync(context, Refusal.NotFound);
        }
        else if (context.Response is { HasStarted: false, ContentType: null, StatusCode: 405 } response)
        {
            await AnswerAsync(context, Refusal.MethodNotAllowed(response.Headers.Allow.ToString()));
        }
    }

    private static async Task AnswerAsync(HttpContext context, Refusal refusal)
    {
        if (context.Response.HasStarted)
        {
            // Cut off: a clean end would pass half an answer off as a whole one.
            context.Abort();
            return;
        }

        await refusal.ExecuteAsync(context);
    }

    [LoggerMessage(LogLevel.Error, "Request {RequestId} ({Method} {Function}) failed")]
    private partial void RequestFailed(Exception fault, string requestId, string method, string? function);

    [LoggerMessage(LogLevel.Warning, "Request {RequestId} was answered 503: {Reason}")]
    private partial void StoreUnavailable(string requestId, string reason);
}
