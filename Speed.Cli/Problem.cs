using System.Text.Json;

namespace Speed.Cli;

/// <summary>Why SPEED did not do something, read from its problem details (RFC 9457).</summary>
internal static class Problem
{
    /// <summary>
    /// What is wrong with each field on a line of its own, else the one sentence. Null for what is no problem of
    /// SPEED's own.
    /// </summary>
    public static string? Words(string text)
    {
        try
        {
            var problem = JsonElement.Parse(text);
            if (problem.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            return problem.TryGetProperty("errors", out var errors) && errors.GetArrayLength() > 0
                ? string.Join('\n', errors.EnumerateArray().Select(OfField))
                : problem.Text("detail") ?? problem.Text("error");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // Some other program's words, which would explain nothing.
            return null;
        }
    }

    private static string OfField(JsonElement error)
    {
        var (field, detail) =
            (error.Text("pointer")?.TrimStart('/').Replace('/', '.') ?? "", error.Text("detail") ?? "");
        return field.Length == 0 || detail.StartsWith(field, StringComparison.Ordinal) ? detail : $"{field}: {detail}";
    }
}
