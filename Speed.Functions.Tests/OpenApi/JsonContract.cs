using System.Text.Json;
using System.Text.RegularExpressions;

namespace Speed.Tests.OpenApi;

/// <summary>
/// Holds JSON to the part of JSON Schema that the document uses. Stricter in one thing: an object has no members but
/// those that its schema names, unless it allows others, so that nothing is answered that is not described.
/// </summary>
internal sealed class JsonContract(JsonElement document)
{
    /// <summary>Where and why a value breaks its schema; null if it does not.</summary>
    public string? FindFault(JsonElement schema, JsonElement value, string at = "")
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return schema.ValueKind == JsonValueKind.False ? $"{at} is not allowed" : null;
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return FindFault(Follow(reference.GetString()!), value, at);
        }

        return FindTypeFault(schema, value, at)
            ?? FindChoiceFault(schema, value, at)
            ?? value.ValueKind switch
            {
                JsonValueKind.Object => FindMemberFault(schema, value, at),
                JsonValueKind.Array => FindItemFault(schema, value, at),
                _ => FindPatternFault(schema, value, at),
            };
    }

    /// <summary>What a reference within the document points at.</summary>
    public JsonElement Follow(string reference) =>
        reference.Split('/').Skip(1).Aggregate(document, (part, name) => part.GetProperty(name));

    private static string? FindTypeFault(JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("type", out var type))
        {
            var allowed = Many(type).Select(one => one.GetString()!).ToList();
            return allowed.Exists(one => IsOf(one, value)) ? null : $"{at} is no {string.Join(" or ", allowed)}: {value}";
        }

        return null;
    }

    private string? FindChoiceFault(JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("enum", out var words)
            && !words.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)))
        {
            return $"{at} is none of {words}: {value}";
        }

        foreach (var name in (ReadOnlySpan<string>)["oneOf", "anyOf"])
        {
            if (schema.TryGetProperty(name, out var choices)
                && choices.EnumerateArray().All(choice => FindFault(choice, value, at) is not null))
            {
                return $"{at} is none of the {choices.GetArrayLength()} that it may be: {value}";
            }
        }

        return null;
    }

    private string? FindMemberFault(JsonElement schema, JsonElement value, string at)
    {
        var members = schema.TryGetProperty("properties", out var named) ? named : default;
        var others = schema.TryGetProperty("additionalProperties", out var additional) ? additional : (JsonElement?)null;
        if (schema.TryGetProperty("required", out var required))
        {
            foreach (var name in required.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)))
            {
                return $"{at}/{name} is missing";
            }
        }

        foreach (var member in value.EnumerateObject())
        {
            var here = $"{at}/{member.Name}";
            var isNamed = members.ValueKind == JsonValueKind.Object && members.TryGetProperty(member.Name, out _);
            if (!isNamed && others is null && members.ValueKind == JsonValueKind.Object)
            {
                return $"{here} is not described";
            }

            var rule = isNamed ? members.GetProperty(member.Name) : others ?? default;
            if (FindFault(rule, member.Value, here) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private string? FindItemFault(JsonElement schema, JsonElement value, string at) =>
        schema.TryGetProperty("items", out var items)
            ? value.EnumerateArray()
                .Select((item, i) => FindFault(items, item, $"{at}/{i}"))
                .FirstOrDefault(fault => fault is not null)
            : null;

    // Of numbers, ECMA patterns are for those that came as strings.
    private static string? FindPatternFault(JsonElement schema, JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.String
        && schema.TryGetProperty("pattern", out var pattern)
        && !Regex.IsMatch(value.GetString()!, pattern.GetString()!)
            ? $"{at} does not look like {pattern}: {value}"
            : null;

    private static JsonElement[] Many(JsonElement one) =>
        one.ValueKind == JsonValueKind.Array ? [.. one.EnumerateArray()] : [one];

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => type.Equals(value.ValueKind.ToString(), StringComparison.OrdinalIgnoreCase),
    };
}
