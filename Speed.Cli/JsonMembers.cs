using System.Text.Json;

namespace Speed.Cli;

/// <summary>Members of SPEED's answers by name.</summary>
internal static class JsonMembers
{
    /// <summary>Null where there is none, or no text in it.</summary>
    public static string? Text(this JsonElement of, string member) =>
        of.Find(member) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>Null where there is none, or no whole number in it.</summary>
    public static long? Whole(this JsonElement of, string member) =>
        of.Find(member) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var whole)
            ? whole
            : null;

    public static bool Flag(this JsonElement of, string member) => of.Find(member) is { ValueKind: JsonValueKind.True };

    /// <summary>A moment as people read it, in UTC.</summary>
    public static string? Moment(this JsonElement of, string member) => of.Text(member) switch
    {
        { Length: >= 19 } at => $"{at[..10]} {at[11..19]}Z",
        _ => null,
    };

    /// <summary>Empty where there is none.</summary>
    public static IReadOnlyList<JsonElement> Items(this JsonElement of, string member) =>
        of.Find(member) is { ValueKind: JsonValueKind.Array } items ? [.. items.EnumerateArray()] : [];

    /// <summary>The texts of a list, with commas between.</summary>
    public static string List(this JsonElement of, string member) =>
        string.Join(", ", of.Items(member).Select(item => item.ToString()));

    public static JsonElement? Find(this JsonElement of, string member) =>
        of.ValueKind == JsonValueKind.Object
        && of.TryGetProperty(member, out var value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : null;
}
