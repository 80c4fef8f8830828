using System.Text.Json;

namespace Speed.Endpoints;

/// <summary>
/// The members of one JSON object, read by name. A member that is null counts as missing. What is wrong with one is
/// added to the errors, and a neutral value given in its place.
/// </summary>
internal sealed class Fields(JsonElement json, string pointer, List<FieldError> errors)
{
    private const int MaxNameLength = 80;

    private static readonly JsonElement Nothing = JsonElement.Parse("{}");

    /// <summary>How a sentence calls the field at a pointer: <c>timeouts.run_s</c>. Cut where very long.</summary>
    public static string Name(string pointer)
    {
        var name = pointer.Length == 0
            ? "the body"
            : pointer[1..].Replace('/', '.').Replace("~1", "/").Replace("~0", "~");
        return name.Length <= MaxNameLength ? name : name[..MaxNameLength] + "…";
    }

    public static string Append(string pointer, string name) =>
        $"{pointer}/{name.Replace("~", "~0").Replace("/", "~1")}";

    /// <summary>Notes that a field cannot be used. The detail follows the field's name: "must be …".</summary>
    public void Refuse(string name, string detail)
    {
        var at = Append(pointer, name);
        errors.Add(new FieldError(at, $"{Name(at)} {detail}"));
    }

    /// <summary>Notes it with a sentence of its own.</summary>
    public void RefuseWith(string name, string sentence) => errors.Add(new FieldError(Append(pointer, name), sentence));

    /// <summary>Refuses every member by another name.</summary>
    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        foreach (var member in json.EnumerateObject())
        {
            if (!names.Contains(member.Name))
            {
                Refuse(member.Name, "is not known here: leave it out.");
            }
        }
    }

    public bool Has(string name) => Find(name) is not null;

    /// <summary>Null if missing.</summary>
    public string? Text(string name, int maxLength)
    {
        var text = Find(name, JsonValueKind.String, "a string")?.GetString();
        if (text?.Length > maxLength)
        {
            Refuse(name, $"is too long: at most {maxLength} characters are allowed.");
            return null;
        }

        return text;
    }

    /// <summary>
    /// Empty if it cannot be used. What is missing, null or empty is refused with <paramref name="sentence"/>.
    /// </summary>
    public string RequireText(string name, string sentence)
    {
        var text = Find(name, JsonValueKind.String, "a string")?.GetString();
        if (string.IsNullOrEmpty(text) && (text is not null || !Has(name)))
        {
            RefuseWith(name, sentence);
        }

        return text ?? "";
    }

    /// <summary>0 if it cannot be used; missing is refused.</summary>
    public long RequireId(string name)
    {
        if (!Has(name))
        {
            Refuse(name, "is missing: give the deployment's number.");
            return 0;
        }

        if (Find(name, JsonValueKind.Number, "a whole number") is not { } number)
        {
            return 0;
        }

        if (!number.TryGetInt64(out var id))
        {
            Refuse(name, "must be a whole number.");
        }

        return id;
    }

    /// <summary>The default if missing.</summary>
    public int Whole(string name, int missing, int least, int most)
    {
        if (Find(name, JsonValueKind.Number, "a whole number") is not { } number)
        {
            return missing;
        }

        if (number.TryGetInt32(out var value) && value >= least && value <= most)
        {
            return value;
        }

        Refuse(name, $"must be a whole number from {least} to {most}.");
        return missing;
    }

    /// <summary>The default if missing.</summary>
    public double Number(string name, double missing, double least, double most)
    {
        if (Find(name, JsonValueKind.Number, "a number") is not { } number)
        {
            return missing;
        }

        if (number.TryGetDouble(out var value) && value >= least && value <= most)
        {
            return value;
        }

        Refuse(name, FormattableString.Invariant($"must be a number from {least} to {most}."));
        return missing;
    }

    /// <summary>Null if missing.</summary>
    public bool? Flag(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => Mistyped<bool>(name, "true or false"),
    };

    /// <summary>Empty if missing.</summary>
    public Fields Object(string name) =>
        new(Find(name, JsonValueKind.Object, "an object") ?? Nothing, Append(pointer, name), errors);

    /// <summary>Empty if missing, or if it cannot be used.</summary>
    public IReadOnlyList<Fields> Objects(string name, int maxCount)
    {
        if (Find(name, JsonValueKind.Array, "an array of objects") is not { } items)
        {
            return [];
        }

        if (items.GetArrayLength() > maxCount || items.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object))
        {
            Refuse(name, $"must be an array of at most {maxCount} objects.");
            return [];
        }

        var at = Append(pointer, name);
        return [.. items.EnumerateArray().Select((item, index) => new Fields(item, $"{at}/{index}", errors))];
    }

    /// <summary>The texts of an object's members by name; empty if missing.</summary>
    public SortedDictionary<string, string> Map(string name, int maxCount, int maxLength)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Find(name, JsonValueKind.Object, "an object of strings") is not { } members)
        {
            return map;
        }

        if (members.GetPropertyCount() > maxCount)
        {
            Refuse(name, $"has too many members: at most {maxCount} are allowed.");
            return map;
        }

        var inner = new Fields(members, Append(pointer, name), errors);
        foreach (var member in members.EnumerateObject())
        {
            if (!inner.Has(member.Name))
            {
                inner.Refuse(member.Name, "must be a string, not null.");
            }
            else if (inner.Text(member.Name, maxLength) is { } text)
            {
                map[member.Name] = text;
            }
        }

        return map;
    }

    /// <summary>Empty if missing.</summary>
    public IReadOnlyList<string> List(string name, int maxCount, int maxLength)
    {
        if (Find(name, JsonValueKind.Array, "an array of strings") is not { } items)
        {
            return [];
        }

        var isGood = items.GetArrayLength() <= maxCount && items.EnumerateArray().All(
            item => item.ValueKind == JsonValueKind.String && item.GetString()!.Length <= maxLength);
        if (isGood)
        {
            return [.. items.EnumerateArray().Select(item => item.GetString()!)];
        }

        Refuse(name, $"must be an array of at most {maxCount} strings of at most {maxLength} characters.");
        return [];
    }

    /// <summary>The element itself; null if missing.</summary>
    public JsonElement? Find(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private JsonElement? Find(string name, JsonValueKind kind, string what) => Find(name) switch
    {
        null => null,
        { } value when value.ValueKind == kind => value,
        _ => Mistyped<JsonElement>(name, what),
    };

    private T? Mistyped<T>(string name, string what) where T : struct
    {
        Refuse(name, $"must be {what}.");
        return null;
    }
}
