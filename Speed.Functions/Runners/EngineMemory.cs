using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Speed.Runners;

/// <summary>
/// What the engine remembers of its containers since it was started itself: its last 256 events, and nothing of what
/// an engine before it did.
/// </summary>
internal static class EngineMemory
{
    private const int Remembered = 256;

    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(1);

    /// <summary>
    /// True if this engine surely did not start the container: an earlier one did, and went away. False too where too
    /// much has happened since to tell.
    /// </summary>
    public static async Task<bool> DidNotStartAsync(
        DockerConnection docker, string containerId, CancellationToken cancellationToken)
    {
        var (lines, isWhole) = await ReadAsync(docker, cancellationToken);
        return isWhole && lines.Count < Remembered && !lines.Exists(line => IsOf("start", containerId, line));
    }

    /// <summary>
    /// True if the engine was told that the kernel killed a program of the container for its memory limit, up to a second
    /// from now: that word may reach it after the exit, and then the container's state never has it.
    /// </summary>
    public static async Task<bool> RanOutOfMemoryAsync(
        DockerConnection docker, string containerId, CancellationToken cancellationToken) =>
        (await ReadAsync(docker, cancellationToken)).Lines.Exists(line => IsOf("oom", containerId, line));

    // Not whole where it took the engine so long to answer that its newest may be beyond what was asked for: then they are
    // missing in the count as well, and a full memory looks like one that has room.
    private static async Task<(List<string> Lines, bool IsWhole)> ReadAsync(DockerConnection docker, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        // By the engine's own clock, and one second on: it gives what it has up to then, and ends.
        var info = await docker.AskAsync(client => client.System.GetSystemInfoAsync(cancellationToken));
        var until = DateTimeOffset.Parse(info.SystemTime, CultureInfo.InvariantCulture) + Ahead;
        var seconds = (until.ToUnixTimeMilliseconds() / 1000m).ToString("F3", CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/events?since=1&until={seconds}");
        using var response = await docker.SendAsync(request, cancellationToken);
        var isWhole = Stopwatch.GetElapsedTime(since) < Ahead;
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        List<string> lines = [];
        try
        {
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                lines.Add(line);
            }
        }
        catch (IOException exception)
        {
            throw docker.Unavailable(exception);
        }

        return (lines, isWhole);
    }

    private static bool IsOf(string what, string containerId, string line)
    {
        var happened = JsonElement.Parse(line);
        return happened.TryGetProperty("Action", out var action) && action.GetString() == what
            && happened.GetProperty("Actor").GetProperty("ID").GetString() == containerId;
    }
}
