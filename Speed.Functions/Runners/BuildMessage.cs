using System.Text.Json;

namespace Speed.Runners;

/// <summary>One object of a build's progress.</summary>
/// <param name="Output">The legacy builder's words, with their line breaks.</param>
/// <param name="Id">What <paramref name="Aux"/> is about.</param>
/// <param name="Aux">A string, or the JSON of an object.</param>
/// <param name="Error">The build has failed with it.</param>
/// <param name="ErrorCode">The failed step's exit code, where the builder tells it.</param>
internal sealed record BuildMessage(string? Output, string? Id, string? Aux, string? Error, int? ErrorCode)
{
    public static BuildMessage Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        var detail = root.TryGetProperty("errorDetail", out var found) ? found : default;
        return new BuildMessage(
            Text(root, "stream"),
            Text(root, "id"),
            root.TryGetProperty("aux", out var aux) ? aux.ToString() : null,
            Text(detail, "message") ?? Text(root, "error"),
            detail.ValueKind == JsonValueKind.Object && detail.TryGetProperty("code", out var code)
                && code.TryGetInt32(out var number) && number != 0 ? number : null);
    }

    /// <summary>
    /// The image that the builder says it made; null where this message is about something else.
    /// </summary>
    public string? ImageId()
    {
        if (Aux is not ['{', ..] || Id is not (null or "moby.image.id"))
        {
            return null;
        }

        using var json = JsonDocument.Parse(Aux);
        return Text(json.RootElement, "ID");
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
