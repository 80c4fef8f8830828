using Microsoft.AspNetCore.Http;

namespace Speed.Proxy;

/// <summary>
/// What the proxy answers itself. The same words for all: they tell nothing of what else there is. Where a service gave no
/// answer they say why, and by which id the operator finds the request.
/// </summary>
internal static class OwnAnswer
{
    public static Task WriteAsync(HttpContext context, ProxiedRequest request, int status, string fault)
    {
        request.Fault = fault;
        context.Response.Clear();
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        var text = status switch
        {
            StatusCodes.Status400BadRequest =>
                "The Host of the request is not a name with a port from 1 to 65535, its address is none, or a header has a control character.\n",
            StatusCodes.Status404NotFound => "No service is up under this name.\n",
            StatusCodes.Status408RequestTimeout => "Nothing came of the request's body for 60 seconds.\n",
            _ => "The service under this name does not answer.\n",
        };
        if (status >= StatusCodes.Status500InternalServerError)
        {
            text += $"Reason: {fault}. Request: {request.Id}.\n";
            context.Response.Headers["Proxy-Status"] = $"SPEED; error={fault}";
            context.Response.Headers["X-Request-Id"] = request.Id;
        }

        request.Bytes = HttpMethods.IsHead(context.Request.Method) ? 0 : text.Length;
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
