using System.Collections.Frozen;
using System.Text.Json;

namespace Speed.Endpoints;

/// <summary>What holds for every JSON body beyond the grammar: depth, member names and characters.</summary>
internal static class JsonRules
{
    /// <summary>Down to here what is nested too deeply is told by its name.</summary>
    public const int MaxDepthToName = 256;

    private const int MaxDepth = 16;

    /// <summary>Members in which control characters are data.</summary>
    private static readonly FrozenSet<string> Data = FrozenSet.Create(
        "results", "new_results", "env", "build_args", "command", "dockerfile_text", "value");

    /// <summary>True for what is deeper than can be named. Throws <see cref="JsonException"/> for what is not JSON.</summary>
    public static bool IsFarTooDeep(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = body.Length + 1 });
        while (reader.Read())
        {
            if (reader.CurrentDepth >= MaxDepthToName)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Null if there is none.</summary>
    public static FieldError? FindFault(JsonElement body) => InObject(body, "", depth: 1, isData: false);

    private static FieldError? InValue(JsonElement value, string pointer, int depth, bool isData) =>
        value.ValueKind switch
        {
            JsonValueKind.String => InText(value, pointer, isData),
            JsonValueKind.Object or JsonValueKind.Array when depth == MaxDepth => new FieldError(
                pointer, $"{Fields.Name(pointer)} is nested too deeply: {MaxDepth} levels are allowed."),
            JsonValueKind.Object => InObject(value, pointer, depth + 1, isData),
            JsonValueKind.Array => InArray(value, pointer, depth + 1, isData),
            _ => null,
        };

    private static FieldError? InArray(JsonElement array, string pointer, int depth, bool isData) =>
        array.EnumerateArray()
            .Select((item, index) => InValue(item, $"{pointer}/{index}", depth, isData))
            .FirstOrDefault(fault => fault is not null);

    private static FieldError? InObject(JsonElement json, string pointer, int depth, bool isData)
    {
        var names = new HashSet<string>();
        foreach (var member in json.EnumerateObject())
        {
            if (Decode(() => member.Name) is not { } name || name.Any(char.IsControl))
            {
                return new FieldError(
                    pointer,
                    $"A member name in {Fields.Name(pointer)} has a control character or half a surrogate pair: remove it.");
            }

            var at = Fields.Append(pointer, name);
            var fault = names.Add(name)
                ? InValue(member.Value, at, depth, isData || (HasOptions(pointer, depth) && Data.Contains(name)))
                : new FieldError(at, $"{Fields.Name(at)} is given more than once: give it once.");
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    // In the body itself, or within the options of a hook.
    private static bool HasOptions(string pointer, int depth) => depth == 1 || (depth == 2 && pointer == "/options");

    private static FieldError? InText(JsonElement value, string pointer, bool isData)
    {
        var name = Fields.Name(pointer);
        return Decode(value.GetString) switch
        {
            null => new FieldError(pointer, $"{name} has half a surrogate pair: send whole characters."),
            var text when text.Contains('\0') => new FieldError(
                pointer, $"{name} has the character U+0000: remove it."),
            var text when !isData && text.Any(char.IsControl) => new FieldError(
                pointer, $"{name} has a control character, such as a line break: remove it."),
            _ => null,
        };
    }

    // The reader throws this for an escaped half of a surrogate pair, and offers no other way to ask.
    private static string? Decode(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
