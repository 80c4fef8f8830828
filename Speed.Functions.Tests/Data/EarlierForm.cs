using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Speed.Tests.Data;

/// <summary>
/// How an expectation is written: an item a line, so that a difference can be read, and without what is the same in most
/// of a list's items, so that it is short. <c>usual</c> has that, and <c>-</c> names what an item lacks of it.
/// </summary>
internal static class EarlierForm
{
    private const string Usual = "usual";
    private const string Items = "items";
    private const string Lacks = "-";
    private const int ShortList = 3;

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(JsonObject expected) => Lines(Pack(expected)!, depth: 2) + "\n";

    public static JsonObject Read(string text) => Unpack(JsonNode.Parse(text))!.AsObject();

    private static JsonNode? Pack(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(
            members.Select(member => KeyValuePair.Create(member.Key, Pack(member.Value)))),
        JsonArray { Count: > ShortList } items when items.All(item => item is JsonObject) =>
            PackItems([.. items.Select(item => Pack(item)!.AsObject())]),
        JsonArray items => new JsonArray([.. items.Select(Pack)]),
        _ => node?.DeepClone(),
    };

    private static JsonObject PackItems(List<JsonObject> items)
    {
        var usual = new JsonObject(
            from name in items.SelectMany(item => item.Select(member => member.Key)).Distinct()
            let commonest = items.Where(item => item.ContainsKey(name)).GroupBy(item => Text(item[name])).MaxBy(same => same.Count())!
            where commonest.Count() * 2 > items.Count
            select KeyValuePair.Create(name, commonest.First()[name]?.DeepClone()));
        return new JsonObject
        {
            [Usual] = usual,
            [Items] = new JsonArray([.. items.Select(item => PackItem(item, usual))]),
        };
    }

    private static JsonObject PackItem(JsonObject item, JsonObject usual)
    {
        var own = new JsonObject(item
            .Where(member => !usual.ContainsKey(member.Key) || !JsonNode.DeepEquals(usual[member.Key], member.Value))
            .Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        var lacks = usual.Select(member => member.Key).Where(name => !item.ContainsKey(name)).ToArray();
        if (lacks.Length > 0)
        {
            own[Lacks] = new JsonArray([.. lacks.Select(name => (JsonNode)name)]);
        }

        return own;
    }

    private static JsonNode? Unpack(JsonNode? node) => node switch
    {
        JsonObject { Count: 2 } packed when packed.ContainsKey(Usual) && packed.ContainsKey(Items) => new JsonArray(
            [.. packed[Items]!.AsArray().Select(item => Unpack(UnpackItem(item!.AsObject(), packed[Usual]!.AsObject())))]),
        JsonObject members => new JsonObject(
            members.Select(member => KeyValuePair.Create(member.Key, Unpack(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Unpack)]),
        _ => node?.DeepClone(),
    };

    private static JsonObject UnpackItem(JsonObject own, JsonObject usual)
    {
        var lacks = own[Lacks]?.AsArray().Select(name => (string)name!).ToArray() ?? [];
        var members = usual.Where(member => !own.ContainsKey(member.Key) && !lacks.Contains(member.Key))
            .Concat(own.Where(member => member.Key != Lacks));
        return new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
    }

    private static string Lines(JsonNode node, int depth) => node switch
    {
        JsonObject members when depth > 0 || members.ContainsKey(Usual) => $"{{\n{string.Join(",\n", members.Select(member =>
            $"{Text(member.Key)}: {Lines(member.Value!, member.Key == Usual ? 0 : depth - 1)}"))}\n}}",
        JsonArray { Count: > 0 } items when items[0] is JsonObject =>
            $"[\n{string.Join(",\n", items.Select(Text))}\n]",
        _ => Text(node),
    };

    private static string Text(JsonNode? node) => node?.ToJsonString(Plain) ?? "null";
}
