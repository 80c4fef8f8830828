using System.Text.Json;

namespace Speed.Tests.Hosts;

/// <summary>A function as the host knows it from its worker.</summary>
/// <param name="Parameter">The one that takes the request.</param>
/// <param name="Route">With the prefix, without a first slash.</param>
/// <param name="Methods">In capitals; empty for all.</param>
internal sealed record HostedFunction(
    RpcFunctionMetadata Metadata, string Parameter, string Route, IReadOnlyList<string> Methods)
{
    private static readonly string[] Reserved = ["admin", "runtime"];

    public string Name => Metadata.Name;

    /// <summary>Throws where the host would not serve it.</summary>
    public static HostedFunction Of(RpcFunctionMetadata metadata, string routePrefix)
    {
        JsonElement[] bindings = [.. metadata.RawBindings.Select(binding => JsonElement.Parse(binding))];
        foreach (var binding in bindings)
        {
            metadata.Bindings[binding.GetProperty("name").GetString()!] = new BindingInfo
            {
                Type = binding.GetProperty("type").GetString(),
                Direction = Enum.Parse<BindingInfo.Types.Direction>(binding.GetProperty("direction").GetString()!),
            };
        }

        var trigger = bindings.Single(binding => binding.GetProperty("type").GetString() == "httpTrigger");
        var route = trigger.TryGetProperty("route", out var own) ? own.GetString()! : metadata.Name;
        if (Reserved.Contains(route.Split('/')[0], StringComparer.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"The route of {metadata.Name}, {route}, is the host's own.");
        }

        return new HostedFunction(
            metadata,
            trigger.GetProperty("name").GetString()!,
            routePrefix.Length == 0 ? route : $"{routePrefix}/{route}",
            trigger.TryGetProperty("methods", out var methods) && methods.ValueKind == JsonValueKind.Array
                ? [.. methods.EnumerateArray().Select(method => method.GetString()!.ToUpperInvariant())]
                : []);
    }

    /// <summary>As host.json says it: <c>api</c> unless that has another.</summary>
    public static string ReadRoutePrefix(string appFolder)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(appFolder, "host.json")));
        return json.RootElement.TryGetProperty("extensions", out var extensions)
            && extensions.TryGetProperty("http", out var http)
            && http.TryGetProperty("routePrefix", out var prefix)
            ? prefix.GetString()!
            : "api";
    }
}
