using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>How one entry of a log is written.</summary>
internal static class LogLines
{
    public static void Write(IBufferWriter<byte> output, LogEntry entry, LogFormat format)
    {
        switch (entry, format)
        {
            case (LogLine line, LogFormat.Text):
                // Part by part without a line feed, so that a long line comes whole and the bytes are those hashed.
                Encoding.UTF8.GetBytes(line.Continues ? line.Text : line.Text + '\n', output);
                break;
            case (LogGap gap, LogFormat.Text):
                Encoding.UTF8.GetBytes($"[gap: {gap.Reason}, {gap.Bytes?.ToString() ?? "unknown"} bytes]\n", output);
                break;
            case (LogLine line, _):
                WriteJson(output, LineView.Of(line));
                break;
            case (LogGap gap, _):
                WriteJson(output, new GapView(gap));
                break;
        }
    }

    private static void WriteJson<T>(IBufferWriter<byte> output, T value)
    {
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = Wire.Json.Encoder }))
        {
            JsonSerializer.Serialize(json, value, Wire.Json);
        }

        output.Write("\n"u8);
    }

    private sealed record LineView(
        [property: JsonPropertyOrder(-1)] long N,
        DateTimeOffset At,
        DeploymentPhase Phase,
        LogStream Stream,
        string Text,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Cont)
    {
        public static LineView Of(LogLine line) =>
            new(line.N, line.At, line.Phase, line.Stream, line.Text, line.Continues);
    }

    private sealed record GapView(GapBody Gap)
    {
        public GapView(LogGap gap) : this(new GapBody(gap.From, gap.To, gap.Reason, gap.Bytes))
        {
        }
    }

    private sealed record GapBody(long From, long To, string Reason, long? Bytes);
}
