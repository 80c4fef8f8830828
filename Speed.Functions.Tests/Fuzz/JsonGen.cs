using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Speed.Tests.OpenApi;

namespace Speed.Tests.Fuzz;

/// <summary>
/// JSON texts for the schemas of the document: most as they ask, some with a member too few, too many, twice or of
/// another kind, anywhere within.
/// </summary>
internal sealed class JsonGen(JsonContract contract)
{
    private static readonly string[] SomeTexts =
    [
        "a", "main", "A_KEY", "app", "x-1", "42", "half way", "Dockerfile", ".", "sub/folder", "/data", "owner/*", "example.invalid",
        "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "0123456789abcdef", "a longer text, with a comma", "é😀",
    ];

    // By the member's name, where any text would hardly ever do.
    private static readonly Dictionary<string, string[]> TextsOf = new()
    {
        ["url"] =
        [
            "https://git.example.invalid/owner/app.git", "https://git.example.invalid/owner/app", "https://git.example.invalid/owner/lib",
            "https://git.example.invalid/owner/web/app", "https://other.example.invalid/a/b.git", "https://ops.example.invalid/in?key=1",
            "git@git.example.invalid:owner/app.git", "https://user:password@git.example.invalid/a", "file:///a", "https://git.example.invalid",
        ],
        ["branch"] = ["main", "dev", "feature/x", "v1.0", "refs/heads/main", "a..b", "-x", "*"],
        ["branches"] = ["main", "*", "release/**", "!dev", "["],
        ["name"] = ["app", "ops", "lib", "A_KEY", "commit-status", Links.To("hooks", 0), Links.To("notifications", 1), Links.To("secrets", 2)],
        ["new_results"] = ["Pending", "Running", "Running", "Succeeded", "failed", " CANCELED ", "half way", "42"],
        ["secrets"] = ["A_KEY", Links.To("secrets", 0), Links.To("secrets", 1)],
        ["secret"] = ["0123456789abcdef", "short"],
        ["value"] = ["long enough", "correct horse", "short"],
        ["token"] = [Links.To("key", 0), Links.To("key", 3), "spd_0123456789ab_x", "bad"],
        ["events"] = ["deployment.created", "deployment.failed", "deployment.succeeded", "deployment.canceled", "deployment.*", "service.down", "disk.low"],
        ["repos"] = ["git.example.invalid/*", "git.example.invalid/owner/app", "*", "[", "https://git.example.invalid/a"],
    };

    private static readonly string[] Names = ["A_KEY", "LANG", "a", "team", "PATH", "A=B", "", "é", "with space"];

    private static Gen<List<(string Name, string Json)>> Nothing => Gen.Const(new List<(string Name, string Json)>());

    /// <param name="schema">With references into the document.</param>
    /// <param name="name">Of the member that it is of.</param>
    public Gen<string> Of(JsonElement schema, string name = "") =>
        Gen.Frequency((60, AsAsked(Whole(schema), name)), (1, Odd.Json));

    /// <summary>As this, or with a little changed.</summary>
    public static Gen<string> Like(JsonElement example) => Gen.Frequency(
        (60, example.ValueKind switch
        {
            JsonValueKind.Object => Joined(example.EnumerateObject().Aggregate(Nothing, (members, member) =>
                Gen.Select(members, Like(member.Value), (list, json) => Grown(list, (member.Name, json))))),
            JsonValueKind.Array => example.EnumerateArray().Aggregate(Gen.Const(""), (items, item) =>
                Gen.Select(items, Like(item), (list, json) => list.Length == 0 ? json : $"{list},{json}")).Select(list => $"[{list}]"),
            _ => Gen.Const(example.GetRawText()),
        }),
        (1, Odd.Json));

    private Gen<string> AsAsked(JsonElement schema, string name)
    {
        if (schema.TryGetProperty("enum", out var words))
        {
            return Gen.OneOf([.. words.EnumerateArray().Select(word => word.GetRawText())]);
        }

        foreach (var choice in (ReadOnlySpan<string>)["oneOf", "anyOf"])
        {
            if (schema.TryGetProperty(choice, out var choices))
            {
                return Gen.OneOf([.. choices.EnumerateArray().Select(one => Of(one, name))]);
            }
        }

        if (!schema.TryGetProperty("type", out var type))
        {
            return Odd.Json;
        }

        return type.ValueKind == JsonValueKind.Array
            ? Gen.OneOf([.. type.EnumerateArray().Select(one => OfType(one.GetString()!, schema, name))])
            : OfType(type.GetString()!, schema, name);
    }

    private Gen<string> OfType(string type, JsonElement schema, string name) => type switch
    {
        "object" => ObjectOf(schema),
        "array" => (schema.TryGetProperty("items", out var items) ? Of(items, name) : Odd.Json).List[0, 3]
            .Select(values => $"[{string.Join(',', values)}]"),
        "integer" => name == "id" ? Gen.Int[0, 20].Select(which => Links.To("deployments", which)) : IntegerOf(schema),
        "number" => Gen.OneOf("0.01", "0.5", "1", "2", "0", "64.25"),
        "boolean" => Gen.OneOf("true", "false"),
        "null" => Gen.Const("null"),
        _ => TextOf(schema, name).Select(text => JsonSerializer.Serialize(text)).Select(Unescaped),
    };

    // Places for links are found in what is sent, not in what is escaped.
    private static string Unescaped(string json) => json
        .Replace("\\uE000", "\uE000", StringComparison.Ordinal).Replace("\\uE001", "\uE001", StringComparison.Ordinal);

    private static Gen<string> IntegerOf(JsonElement schema)
    {
        var least = schema.TryGetProperty("minimum", out var minimum) ? minimum.GetInt64() : 0;
        var most = schema.TryGetProperty("maximum", out var maximum) ? maximum.GetInt64() : least + 100_000;
        return Gen.Frequency(
            (4, Gen.Long[least, Math.Min(most, least + 2_000)].Select(value => $"{value}")),
            (1, Gen.OneOf($"{least}", $"{most}", $"{least - 1}", $"{most + 1}")));
    }

    private static Gen<string> TextOf(JsonElement schema, string name)
    {
        var texts = TextsOf.GetValueOrDefault(name, SomeTexts);
        if (schema.TryGetProperty("pattern", out var pattern))
        {
            // A place for a link looks like nothing; what fills it does.
            var fit = texts.Concat(SomeTexts)
                .Where(text => text.Contains('\uE000', StringComparison.Ordinal) || Regex.IsMatch(text, pattern.GetString()!));
            texts = [.. fit.DefaultIfEmpty("a")];
        }

        return Gen.Frequency((20, Gen.OneOf(texts)), (1, Gen.String));
    }

    private Gen<string> ObjectOf(JsonElement schema)
    {
        var members = Nothing;
        var required = schema.TryGetProperty("required", out var listed)
            ? listed.EnumerateArray().Select(one => one.GetString()!).ToHashSet()
            : [];
        foreach (var property in schema.TryGetProperty("properties", out var properties) ? properties.EnumerateObject() : default)
        {
            var isThere = required.Contains(property.Name) ? Gen.Const(true) : Gen.Int[0, 9].Select(die => die == 0);
            members = Gen.Select(members, isThere, Of(property.Value, property.Name), (list, there, json) =>
                there ? Grown(list, (property.Name, json)) : list);
        }

        if (schema.TryGetProperty("additionalProperties", out var others) && others.ValueKind == JsonValueKind.Object)
        {
            members = Gen.Select(members, Gen.Select(Gen.OneOf(Names), Of(others)).List[0, 3], (list, more) =>
                Grown(list, [.. more]));
        }

        return Joined(members);
    }

    private static Gen<string> Joined(Gen<List<(string Name, string Json)>> members) =>
        Gen.Select(members, Gen.Int[0, 40], Gen.Int[0, 30], Odd.Json, Break).Select(list =>
            $"{{{string.Join(',', list.Select(member => $"{JsonSerializer.Serialize(member.Name)}:{member.Json}"))}}}");

    private static List<(string Name, string Json)> Grown(
        List<(string Name, string Json)> members, params (string Name, string Json)[] more) => [.. members, .. more];

    private static List<(string Name, string Json)> Break(
        List<(string Name, string Json)> members, int how, int where, string odd)
    {
        var at = members.Count == 0 ? 0 : where % members.Count;
        return (how, members.Count) switch
        {
            (1, _) => [.. members, ("unknown", odd)],
            (2, > 0) => [.. members[..at], .. members[(at + 1)..]],
            (3, > 0) => [.. members, members[at]],
            (4, > 0) => [.. members[..at], (members[at].Name, odd), .. members[(at + 1)..]],
            (5, > 0) => [.. members[..at], (members[at].Name.ToUpperInvariant(), members[at].Json), .. members[(at + 1)..]],
            _ => members,
        };
    }

    // With its parts put together.
    private JsonElement Whole(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Whole(contract.Follow(reference.GetString()!));
        }

        return schema.TryGetProperty("allOf", out var parts)
            ? JsonSerializer.SerializeToElement(parts.EnumerateArray()
                .SelectMany(part => Whole(part).EnumerateObject())
                .GroupBy(member => member.Name)
                .ToDictionary(member => member.Key, member => member.Last().Value))
            : schema;
    }
}
