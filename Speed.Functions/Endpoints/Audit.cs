using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// Records who asked for a change, of which deployment, and with what outcome, before the answer leaves. What is only
/// read is not recorded, nor is anybody whom SPEED does not know: strangers could fill the disk.
/// </summary>
internal sealed partial class Audit(IAccessStore store, TimeProvider time, ILogger<Audit> logger)
{
    private const string Deployment = "speed.audit.deployment";

    public static void Concerns(HttpContext context, long deploymentId) => context.Items[Deployment] = deploymentId;

    public void Watch(HttpContext context, (FunctionEntry Function, RouteValueDictionary Values)? found)
    {
        if (found is var (function, values) && !SameSite.IsRead(context.Request.Method))
        {
            // By then a function that is open to all may have found out who calls.
            context.Response.OnStarting(() => context.FindCaller() is { } caller && ReportLimit.Beyond(context) is null
                ? AppendAsync(context, function, values, caller)
                : Task.CompletedTask);
        }
    }

    private async Task AppendAsync(
        HttpContext context, FunctionEntry function, RouteValueDictionary values, Caller caller)
    {
        var entry = new AuditEntry(
            time.GetUtcNow(), caller.Id, function.Name, IdOf(context, values), context.Response.StatusCode);
        try
        {
            // Not cancelable: what was done was done, whether or not its caller still listens.
            await store.AppendAuditAsync(entry, CancellationToken.None);
        }
        catch (StoreUnavailableException fault)
        {
            NotRecorded(caller.Id, function.Name, entry.DeploymentId, entry.Outcome, fault.Message);
        }
    }

    private static long? IdOf(HttpContext context, RouteValueDictionary values)
    {
        if (context.Items.TryGetValue(Deployment, out var id))
        {
            return (long?)id;
        }

        return values.TryGetValue("id", out var text)
            && long.TryParse((string?)text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : null;
    }

    [LoggerMessage(
        LogLevel.Error, "{Caller} called {Action} of deployment {Id}, answered {Outcome}; not recorded: {Reason}")]
    private partial void NotRecorded(string caller, string action, long? id, int outcome, string reason);
}
