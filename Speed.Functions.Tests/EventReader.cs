using System.Net;
using System.Text.Json;
using Xunit;

namespace Speed.Tests;

/// <summary>One server-sent event as a client has it.</summary>
/// <param name="Id">Null where the event carries none.</param>
public sealed record ServerEvent(string Name, string? Id, JsonElement Data);

/// <summary>Reads a stream of server-sent events as EventSource does: what is cut off within an event never was.</summary>
public sealed class EventReader : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _lines;

    private EventReader(HttpResponseMessage answer, Stream body) => (_answer, _lines) = (answer, new StreamReader(body));

    /// <summary>The id of the last event that carried one; what to come again with.</summary>
    public string? LastId { get; private set; }

    public HttpResponseMessage Answer => _answer;

    public static async Task<EventReader> OpenAsync(HttpClient client, string path, string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        var now = TestContext.Current.CancellationToken;
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, now);
        await SpeedApp.ExpectAsync(answer, HttpStatusCode.OK);
        return new EventReader(answer, await answer.Content.ReadAsStreamAsync(now)) { LastId = lastId };
    }

    /// <summary>The next event; null at the end of the stream.</summary>
    /// <param name="withComments">Gives a comment as an event by the name of <c>:</c>.</param>
    public async Task<ServerEvent?> ReadAsync(bool withComments = false)
    {
        var (name, id, data) = ("message", (string?)null, "");
        while (await _lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            var (field, value) = Split(line);
            switch (field)
            {
                case "" when data.Length > 0:
                    LastId = id ?? LastId;
                    return new ServerEvent(name, id, JsonElement.Parse(data));
                case ":" when withComments:
                    return new ServerEvent(field, null, default);
                case "event":
                    name = value;
                    break;
                case "id":
                    id = value;
                    break;
                case "data":
                    data += value;
                    break;
            }
        }

        return null;
    }

    /// <summary>All events to the end of the stream.</summary>
    public async Task<List<ServerEvent>> ReadToEndAsync()
    {
        var events = new List<ServerEvent>();
        while (await ReadAsync() is { } next)
        {
            events.Add(next);
        }

        return events;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _answer.Dispose();
    }

    private static (string Field, string Value) Split(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon switch
        {
            -1 => (line, ""),
            0 => (":", line),
            _ => (line[..colon], line[(colon + 1)..].TrimStart(' ')),
        };
    }
}
