using System.Text.Json;

namespace Speed.Cli;

/// <summary>A line of a log, or a gap in it, as the wire has it.</summary>
/// <param name="Raw">The JSON it came as.</param>
/// <param name="Last">The number of the line; of a gap, of the last line that is missing.</param>
/// <param name="Text">Without its line feed.</param>
/// <param name="Continues">True if the next line is the rest of this one.</param>
internal sealed record LogEntry(string Raw, long Last, string Text, bool Continues)
{
    /// <summary>Null where the line is cut off: its connection was.</summary>
    public static LogEntry? Parse(string raw)
    {
        try
        {
            var json = JsonElement.Parse(raw);
            return json.Find("gap") is { } gap
                ? new LogEntry(raw, gap.Whole("to") ?? 0, GapText(gap), Continues: false)
                : new LogEntry(raw, json.Whole("n") ?? 0, json.Text("text") ?? "", json.Flag("cont"));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string GapText(JsonElement gap) =>
        $"[gap: {gap.Text("reason")}, {gap.Whole("bytes")?.ToString() ?? "unknown"} bytes]";
}
