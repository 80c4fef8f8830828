using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Speed.Deployments;
using Speed.Hooks;

namespace Speed.Endpoints;

public sealed record HookList(IReadOnlyList<HookView> Items);

/// <summary>A hook without its secret, but where it was made just now.</summary>
/// <param name="Repos">Patterns of the repositories that it may fetch with secrets, and be redirected to, beside its own.</param>
/// <param name="Options">As they were given.</param>
/// <param name="DeliveryUrl">What the forge has to call, as this request's sender reaches SPEED.</param>
public sealed record HookView(
    string Name,
    Forge Forge,
    string Url,
    IReadOnlyList<string> Branches,
    IReadOnlyList<string> Paths,
    IReadOnlyList<string> Repos,
    JsonElement Options,
    string DeliveryUrl,
    DateTimeOffset CreatedAt)
{
    private const string Folder = "/v1/hooks";

    /// <summary>Told once.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }

    internal static HookView Of(Hook hook, HttpRequest request) => new(
        hook.Name,
        hook.Forge,
        hook.Url,
        hook.Branches,
        hook.Paths,
        hook.Repos ?? ["*"],
        JsonElement.Parse(hook.Options),
        $"{OriginOf(request)}{Folder}/{hook.Name}/deliver",
        hook.CreatedAt);

    // As a proxy in front is reached, if it says so; its name was judged with the request's own.
    private static string OriginOf(HttpRequest request)
    {
        var host = First(request, "X-Forwarded-Host") ?? request.Host.Value;
        var scheme = First(request, "X-Forwarded-Proto") == "https" ? "https" : request.Scheme;
        var path = request.Path.Value ?? "";
        var prefix = path[..Math.Max(0, path.IndexOf(Folder, StringComparison.OrdinalIgnoreCase))];
        return $"{scheme}://{host}{request.PathBase}{prefix}";
    }

    private static string? First(HttpRequest request, string header) =>
        request.Headers[header].ToString().Split(',')[0].Trim() is { Length: > 0 } value ? value : null;
}
