using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// Signing in at the dashboard: a browser gets a session for its token, in two halves. Scripts cannot read the cookie, and no
/// other origin, which a service at another port is, can read what the page keeps.
/// </summary>
public sealed class SessionFunction(Access access, AccessSettings settings)
{
    private const int MaxKeyLength = 1_024;

    private static readonly Refusal BadToken =
        new(401, "UNAUTHORIZED", "token is not one that SPEED knows, or it has expired or been revoked.");

    [Function("SignIn")]
    [OpenToAll]
    public async Task<Results<Ok<SessionView>, Refusal>> SignInAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/session")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        body.Fields.AllowOnly("token");
        var token = body.Fields.RequireText("token", "token is missing: give a token, or the admin key.");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!settings.AreKeysRequired)
        {
            return TypedResults.Ok(SessionView.Of(Caller.Local, pageValue: null));
        }

        if (token.Length > MaxKeyLength || await access.SignInAsync(token, cancellationToken) is not var (id, page, caller))
        {
            return BadToken;
        }

        request.HttpContext.Response.Cookies.Append(AccessSettings.SessionCookie, id, CookieOf(request, caller.ExpiresAt));
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(SessionView.Of(caller, page));
    }

    [Function("Session")]
    [Needs]
    public static Ok<SessionView> Show(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/session")] HttpRequest request) =>
        TypedResults.Ok(SessionView.Of(request.Caller(), pageValue: null));

    [Function("SignOut")]
    [Needs]
    public async Task<NoContent> SignOutAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/session")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        if (request.Cookies.TryGetValue(AccessSettings.SessionCookie, out var id))
        {
            await access.SignOutAsync(id, cancellationToken);
        }

        request.HttpContext.Response.Cookies.Delete(AccessSettings.SessionCookie, CookieOf(request, null));
        return TypedResults.NoContent();
    }

    private static CookieOptions CookieOf(HttpRequest request, DateTimeOffset? expiresAt) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = request.IsHttps || request.Headers["X-Forwarded-Proto"] == "https",
        Path = "/",
        Expires = expiresAt,
    };
}

/// <summary>Who is signed in.</summary>
/// <param name="Repos">Globs of the repositories that they see; empty for all.</param>
/// <param name="ExpiresAt">Null: not by itself.</param>
/// <param name="Session">What to send as <c>Speed-Session</c> with the cookie, told where somebody signs in.</param>
public sealed record SessionView(
    string Id,
    string Name,
    IReadOnlyList<Scope> Scopes,
    IReadOnlyList<string> Repos,
    DateTimeOffset? ExpiresAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Session)
{
    internal static SessionView Of(Caller caller, string? pageValue) =>
        new(caller.Id, caller.Name, [.. caller.Scopes.Order()], caller.Repos, caller.ExpiresAt, pageValue);
}
