using Microsoft.AspNetCore.Http;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Who makes a request, as <see cref="AccessRules"/> has found out.</summary>
internal static class Callers
{
    private const string Key = "speed.caller";

    /// <summary>Throws where nobody was admitted: then the function must not have been called.</summary>
    public static Caller Caller(this HttpRequest request) => request.HttpContext.FindCaller()
        ?? throw new InvalidOperationException("A function was called past the access rules.");

    /// <summary>Null for a stranger at a function that is open to all.</summary>
    public static Caller? FindCaller(this HttpContext context) => context.Items[Key] as Caller;

    public static void Admit(this HttpContext context, Caller? caller) => context.Items[Key] = caller;
}
