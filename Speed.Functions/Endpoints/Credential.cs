using Microsoft.AspNetCore.Http;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>What a request shows of who makes it: a key, or the two halves of a session.</summary>
/// <param name="Key">Null where it shows a session.</param>
/// <param name="PageValue">What the page sends along with the cookie; empty where it sends nothing.</param>
internal sealed record Credential(string? Key, string? SessionId, string PageValue)
{
    /// <summary>Null where there is neither. A key counts before a session.</summary>
    // A browser sends the cookie to every port of this host, to a service's as well: whoever has been sent it has not
    // what the page keeps.
    public static Credential? In(HttpRequest request) =>
        InHeader(request) ?? (request.Cookies.TryGetValue(AccessSettings.SessionCookie, out var session)
            ? new Credential(null, session, request.Headers[AccessSettings.SessionHeader].ToString())
            : null);

    /// <summary>A key alone. The second header is how clients of Azure Functions send keys.</summary>
    public static Credential? InHeader(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var authorization = request.Headers.Authorization.ToString();
        var key = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? authorization[Scheme.Length..].Trim()
            : request.Headers["x-functions-key"] is [{ Length: > 0 } given] ? given : null;
        return key is null ? null : new Credential(key, null, "");
    }

    /// <summary>Whom it lets in now; null for nobody.</summary>
    public Task<Caller?> FindCallerAsync(Access access, CancellationToken cancellationToken) => Key is not null
        ? access.FindByKeyAsync(Key, cancellationToken)
        : access.FindBySessionAsync(SessionId!, PageValue, cancellationToken);
}
