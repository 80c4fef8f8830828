using System.Text.Json;

namespace Speed.Hooks;

/// <summary>
/// A part of a payload, read by name. Nothing has to be there, or of the type that is asked for: what is not is as if it
/// were missing.
/// </summary>
internal readonly struct Payload(JsonElement json)
{
    public bool IsMissing => json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    public IEnumerable<Payload> Items =>
        json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().Select(item => new Payload(item)) : [];

    /// <summary>How many items; null for what is no list.</summary>
    public int? Count => json.ValueKind == JsonValueKind.Array ? json.GetArrayLength() : null;

    public bool IsTrue => json.ValueKind == JsonValueKind.True;

    public int? Whole => json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var number) ? number : null;

    /// <summary>Null too for what is no Unicode.</summary>
    public string? Text
    {
        get
        {
            try
            {
                return json.ValueKind == JsonValueKind.String ? json.GetString() : null;
            }
            catch (InvalidOperationException)
            {
                // Half a surrogate pair; there is no other way to ask.
                return null;
            }
        }
    }

    public Payload this[string name] =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? new Payload(member) : default;

    /// <summary>Null for what is no JSON object.</summary>
    public static Payload? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            var json = JsonElement.Parse(body.Span);
            return json.ValueKind == JsonValueKind.Object ? new Payload(json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Those of the members that are texts.</summary>
    public IReadOnlyList<string> Texts(params IEnumerable<string> names)
    {
        var self = this;
        return [.. names.Select(name => self[name].Text).OfType<string>()];
    }
}
