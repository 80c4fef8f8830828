using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// The one place that decides who may call which function, under both hosts: before a function sees a request, its
/// host, its origin, its caller and the caller's scope have been judged here.
/// </summary>
internal sealed class AccessRules(
    Access access, AccessSettings settings, FunctionTable functions, SameSite site, ReportLimit reports, Audit audit,
    OpenRequests requests)
{
    /// <summary>For the socket in containers: no names or addresses there, and a token always.</summary>
    public Task GuardSocketAsync(HttpContext context, RequestDelegate next) =>
        DecideAsync(context, functions.Find(context.Request), Credential.InHeader(context.Request), next);

    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var refusal = site.Judge(context.Request)
            ?? (settings.AreKeysRequired ? null : SameSite.JudgeAddresses(context));
        if (refusal is not null)
        {
            await refusal.ExecuteAsync(context);
            return;
        }

        var found = functions.Find(context.Request);
        if (found is { Function.IsOpen: true } || !settings.AreKeysRequired)
        {
            context.Admit(settings.AreKeysRequired ? null : Caller.Local);
            audit.Watch(context, found);
            await next(context);
            return;
        }

        await DecideAsync(context, found, Credential.In(context.Request), next);
    }

    private async Task DecideAsync(
        HttpContext context, (FunctionEntry Function, RouteValueDictionary Values)? found, Credential? shown,
        RequestDelegate next)
    {
        if (shown is null || await shown.FindCallerAsync(access, context.RequestAborted) is not { } caller)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await NoKey.ExecuteAsync(context);
            return;
        }

        context.Admit(caller);
        using var use = context.Features.Get<ReportConnection>()?.Begin(caller.Id);
        if (reports.Judge(caller) is { } beyond)
        {
            if (found is not { Function.Needs.MayEnd: true })
            {
                await beyond.ExecuteAsync(context);
                return;
            }

            ReportLimit.Leave(context, beyond);
        }

        audit.Watch(context, found);
        var refusal = found is var (function, _)
            ? function.LackedBy(caller) is { } scope ? TooLittle(caller, scope) : null
            : NoFunction(context);
        await (refusal is null ? requests.AnswerAsync(context, shown, caller, next) : refusal.ExecuteAsync(context));
    }

    // Not left to the router: whatever it would find there, nobody has judged.
    private Refusal NoFunction(HttpContext context)
    {
        var methods = string.Join(", ", functions.MethodsAt(context.Request.Path));
        if (methods.Length == 0)
        {
            return Refusal.NotFound;
        }

        context.Response.Headers.Allow = methods;
        return Refusal.MethodNotAllowed(methods);
    }

    private static Refusal NoKey { get; } = new(
        401,
        "UNAUTHORIZED",
        "A token is required, and a good one: send it as Authorization: Bearer <token>.");

    private static Refusal TooLittle(Caller caller, Scope scope) => new(
        403,
        "SCOPE_MISSING",
        $"The {caller.Name} has not the scope {scope.ToString().ToLowerInvariant()}: use a token that has it.");
}
