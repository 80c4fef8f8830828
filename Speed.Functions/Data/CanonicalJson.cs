using System.Text.Json;
using System.Text.Json.Nodes;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>Options as one text: equal options give equal texts, in whatever order their members came.</summary>
internal static class CanonicalJson
{
    public static string Of(DeploymentOptions options) =>
        Sort(JsonSerializer.SerializeToNode(options, DeploymentOptions.Json))!.ToJsonString(DeploymentOptions.Json);

    public static DeploymentOptions Parse(string json) =>
        JsonSerializer.Deserialize<DeploymentOptions>(json, DeploymentOptions.Json)!;

    public static string Of(TakenOver taken) => JsonSerializer.Serialize(taken, TakenOver.Json);

    public static TakenOver? ParseTakenOver(string? json) =>
        json is null ? null : JsonSerializer.Deserialize<TakenOver>(json, TakenOver.Json);

    public static string Of(IReadOnlyList<PublishedPort> endpoints) =>
        JsonSerializer.Serialize(endpoints, DeploymentOptions.Json);

    public static IReadOnlyList<PublishedPort> ParseEndpoints(string json) =>
        JsonSerializer.Deserialize<IReadOnlyList<PublishedPort>>(json, DeploymentOptions.Json)!;

    private static JsonNode? Sort(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members
            .OrderBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => KeyValuePair.Create(member.Key, Sort(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sort)]),
        _ => node?.DeepClone(),
    };
}
