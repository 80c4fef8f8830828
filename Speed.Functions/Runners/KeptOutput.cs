using System.Globalization;
using System.Text;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>What the engine's own log has of a container's output, as of now.</summary>
internal static class KeptOutput
{
    /// <summary>False, and perhaps only a part of it, where the engine gives less than all.</summary>
    public static async Task<bool> ReadAsync(
        DockerConnection docker, string id, OutputSink sink, CancellationToken cancellationToken) =>
        await ReadAsync(docker, id, "", sink, cancellationToken);

    /// <summary>When the engine took the oldest line that it has; null where it has none.</summary>
    public static async Task<DateTimeOffset?> FindOldestAsync(
        DockerConnection docker, string id, CancellationToken cancellationToken)
    {
        using var response = await AskAsync(docker, id, "&timestamps=1", cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return null;
        }

        // Each line begins with its time and a blank.
        var frames = new OutputFrames(await response.Content.ReadAsStreamAsync(cancellationToken));
        return await frames.ReadAsync(cancellationToken) is var (_, bytes)
            && bytes.Span.IndexOf((byte)' ') is var end and > 0
            && DateTimeOffset.TryParse(
                Encoding.ASCII.GetString(bytes.Span[..end]), CultureInfo.InvariantCulture, out var at)
            ? at
            : null;
    }

    /// <summary>How many bytes of each stream it took, up to a time by its own clock if one is given; null where it does not say.</summary>
    public static async Task<IReadOnlyDictionary<LogStream, long>?> MeasureAsync(
        DockerConnection docker, string id, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var query = until is { } time
            ? string.Create(CultureInfo.InvariantCulture, $"&until={time.ToUnixTimeMilliseconds() / 1000m:F3}")
            : "";
        var lengths = new Dictionary<LogStream, long>();
        return await ReadAsync(docker, id, query, CountAsync, cancellationToken) ? lengths : null;

        ValueTask CountAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken _)
        {
            lengths[stream] = lengths.GetValueOrDefault(stream) + bytes.Length;
            return ValueTask.CompletedTask;
        }
    }

    private static async Task<bool> ReadAsync(
        DockerConnection docker, string id, string query, OutputSink sink, CancellationToken cancellationToken)
    {
        using var response = await AskAsync(docker, id, query, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return false;
        }

        var frames = new OutputFrames(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await frames.ReadAsync(cancellationToken) is var (stream, bytes))
        {
            await sink(stream, bytes, cancellationToken);
        }

        return true;
    }

    private static async Task<HttpResponseMessage> AskAsync(
        DockerConnection docker, string id, string query, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"/containers/{id}/logs?stdout=1&stderr=1{query}");
        return await docker.SendAsync(request, cancellationToken);
    }
}
