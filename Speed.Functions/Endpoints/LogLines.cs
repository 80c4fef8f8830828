using System.Buffers;
using System.Text;
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
                WriteJson(output, new GapView(GapBody.Of(gap)));
                break;
        }
    }

    private static void WriteJson<T>(IBufferWriter<byte> output, T value)
    {
        Wire.Write(output, value);
        output.Write("\n"u8);
    }
}

/// <summary>A line as the wire has it.</summary>
/// <param name="Cont">True if the next line of the stream is the rest of this one; left out where false.</param>
public sealed record LineView(
    [property: JsonPropertyOrder(-1)] long N,
    DateTimeOffset At,
    DeploymentPhase Phase,
    LogStream Stream,
    string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Cont)
{
    internal static LineView Of(LogLine line) =>
        new(line.N, line.At, line.Phase, line.Stream, line.Text, line.Continues);
}

/// <summary>A gap on a line of its own.</summary>
public sealed record GapView(GapBody Gap);

/// <summary>A gap as the wire has it.</summary>
/// <param name="From">The first missing line number; <paramref name="To"/> is the last.</param>
/// <param name="Bytes">Of the missing lines; null where unknown.</param>
public sealed record GapBody(long From, long To, string Reason, long? Bytes)
{
    internal static GapBody Of(LogGap gap) => new(gap.From, gap.To, gap.Reason, gap.Bytes);
}
