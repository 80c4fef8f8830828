using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Endpoints;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: a log as server-sent events, its lines written as the worker would.</summary>
public sealed class LogEventsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new();
    private SpeedApp _app = null!;
    private long _id;
    private long _n;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private ILogStore Logs => _app.Services.GetRequiredService<ILogStore>();

    private OpenStreams Streams => _app.Services.GetRequiredService<OpenStreams>();

    private string Path => $"/v1/deployments/{_id}/logs";

    public async ValueTask InitializeAsync()
    {
        _app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" },
            services => services.AddSingleton<TimeProvider>(_time).AddSingleton(new OpenStreams(most: 3)));
        _id = await _app.StartAsync("https://example.com/r.git");
        await Logs.OpenAsync(_id, Now);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task A_log_comes_as_status_lines_gaps_and_an_end_and_only_what_counts_has_an_id()
    {
        await AppendAsync("one", "two");
        await Logs.AppendGapAsync(_id, new LogGap(++_n, _n, "the engine was gone", null), Now);
        await AppendAsync("four");
        await Logs.CloseAsync(_id, Now);
        await _app.UpdateAsync(_id, "Succeeded");

        using var reader = await EventReader.OpenAsync(_app.Client, Path);
        var events = await reader.ReadToEndAsync();

        Assert.Equal(
            ["status ", "lines 2", "gap 3", "lines 4", "end "], events.Select(one => $"{one.Name} {one.Id}"));
        Assert.Equal("""{"status":"Succeeded","phase":null,"version":3}""", events[0].Data.GetRawText());
        Assert.Equal(
            """{"n":1,"at":"2026-01-02T03:04:05.678Z","phase":"run","stream":"stdout","text":"one"}""",
            events[1].Data[0].GetRawText());
        Assert.Equal(
            """{"from":3,"to":3,"reason":"the engine was gone","bytes":null}""", events[2].Data.GetRawText());
        var log = (await _app.GetDeploymentAsync(_id)).GetProperty("log");
        Assert.Equal(
            $$"""{"status":"Succeeded","lines":4,"sha256":"{{log.GetProperty("sha256").GetString()}}"}""",
            events[4].Data.GetRawText());
    }

    [Fact]
    public async Task The_answer_is_never_kept_or_held_back_on_its_way()
    {
        using var reader = await EventReader.OpenAsync(_app.Client, $"{Path}?format=sse");

        var answer = reader.Answer;
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal(["no"], answer.Headers.GetValues("X-Accel-Buffering"));
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task Whoever_comes_again_gets_what_was_missed_and_nothing_twice()
    {
        await AppendAsync("one", "two", "three");
        using var first = await EventReader.OpenAsync(_app.Client, Path);
        await ReadLinesAsync(first, 3);
        first.Dispose();
        await AppendAsync("four");

        using var again = await EventReader.OpenAsync(_app.Client, $"{Path}?tail=1", first.LastId);
        var missed = await ReadLinesAsync(again, 1);
        await AppendAsync("five");
        var next = await ReadLinesAsync(again, 1);

        Assert.Equal(["four"], missed);
        Assert.Equal(["five"], next);
    }

    [Fact]
    public async Task An_event_has_at_most_two_hundred_lines()
    {
        await AppendAsync([.. Enumerable.Range(1, 450).Select(n => $"line {n}")]);
        await _app.UpdateAsync(_id, "Succeeded");

        using var reader = await EventReader.OpenAsync(_app.Client, Path);
        var events = (await reader.ReadToEndAsync()).Where(one => one.Name == "lines").ToList();

        Assert.Equal(Enumerable.Range(1, 450), events.SelectMany(Numbers));
        Assert.All(events, one => Assert.InRange(one.Data.GetArrayLength(), 1, 200));
    }

    [Theory]
    [InlineData("tail=2", "3 4")]
    [InlineData("after=1&limit=2", "2 3")]
    [InlineData("q=t", "2 3")]
    [InlineData("stream=stderr", "")]
    public async Task Queries_choose_as_they_do_for_the_other_formats(string query, string numbers)
    {
        await AppendAsync("one", "two", "three", "4");
        await _app.UpdateAsync(_id, "Succeeded");

        using var reader = await EventReader.OpenAsync(_app.Client, $"{Path}?{query}");
        var events = await reader.ReadToEndAsync();

        Assert.Equal(numbers, string.Join(' ', events.Where(one => one.Name == "lines").SelectMany(Numbers)));
        Assert.Equal("end", events[^1].Name);
    }

    [Fact]
    public async Task A_status_comes_with_every_change_and_the_end_only_when_the_log_is_closed()
    {
        using var reader = await EventReader.OpenAsync(_app.Client, Path);
        var pending = await reader.ReadAsync();
        await _app.UpdateAsync(_id, "Running");
        var running = await reader.ReadAsync();
        await _app.UpdateAsync(_id, "Failed");
        var rest = await reader.ReadToEndAsync();

        Assert.Equal(
            ["Pending", "Running", "Failed", "Failed"],
            new[] { pending!, running! }.Concat(rest).Select(one => one.Data.GetProperty("status").GetString()));
        Assert.Equal(["status", "end"], rest.Select(one => one.Name));
    }

    [Fact]
    public async Task A_silent_stream_says_so_every_fifteen_seconds_and_ends_after_twenty_minutes()
    {
        using var reader = await EventReader.OpenAsync(_app.Client, Path);
        await reader.ReadAsync();

        for (var passed = 15; passed < 20 * 60; passed += 15)
        {
            _time.Advance(TimeSpan.FromSeconds(15));
            Assert.Equal(":", (await reader.ReadAsync(withComments: true))?.Name);
        }

        _time.Advance(TimeSpan.FromSeconds(15));

        Assert.Empty(await reader.ReadToEndAsync());
        Assert.Equal(0, Streams.Count);
    }

    [Fact]
    public async Task Beyond_the_most_streams_there_are_none_until_one_ends()
    {
        // A line for each to begin with: a Functions host passes no answer on before its first byte.
        await AppendAsync("one");
        using var one = await EventReader.OpenAsync(_app.Client, Path);
        using var two = await _app.Client.GetStreamAsync($"{Path}?follow=true", Now);
        using var three = await _app.Client.GetStreamAsync($"{Path}?follow=true&format=ndjson", Now);

        using var refused = await _app.Client.GetAsync($"{Path}?follow=true", Now);
        using var refusedToo = await _app.Client.GetAsync($"{Path}?format=sse", Now);
        using var whole = await _app.Client.GetAsync(Path, Now);
        await _app.UpdateAsync(_id, "Succeeded");
        await one.ReadToEndAsync();

        Assert.Equal(
            [HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK],
            new[] { refused, refusedToo, whole }.Select(answer => answer.StatusCode));
        Assert.Equal(TimeSpan.FromSeconds(10), refused.Headers.RetryAfter!.Delta);
        Assert.Equal("TOO_MANY_STREAMS", JsonElement.Parse(await refusedToo.Content.ReadAsStringAsync(Now))
            .GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, (await _app.Client.GetAsync($"{Path}?follow=true", Now)).StatusCode);
    }

    [Fact]
    public async Task A_stream_ends_with_a_whole_event_when_SPEED_stops()
    {
        using var client = new HttpClient { BaseAddress = _app.Client.BaseAddress };
        using var reader = await EventReader.OpenAsync(client, Path);
        await reader.ReadAsync();

        await _app.RestartAsync();

        Assert.Empty(await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task An_id_that_no_stream_gave_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Path}?format=sse");
        request.Headers.Add("Last-Event-ID", "abc");

        var answer = await Answer.ReadAsync(await _app.Client.SendAsync(request, Now));

        Assert.Equal((400, "INVALID_HEADER"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    private static IEnumerable<int> Numbers(ServerEvent lines) =>
        lines.Data.EnumerateArray().Select(line => line.GetProperty("n").GetInt32());

    private static async Task<List<string>> ReadLinesAsync(EventReader reader, int count)
    {
        var lines = new List<string>();
        while (lines.Count < count && await reader.ReadAsync() is { } next)
        {
            lines.AddRange(next.Name == "lines"
                ? next.Data.EnumerateArray().Select(line => line.GetProperty("text").GetString()!)
                : []);
        }

        return lines;
    }

    private Task AppendAsync(params string[] texts) => Logs.AppendAsync(
        _id,
        new LogChunk(
            [.. texts.Select(text => new LogLine(++_n, At, DeploymentPhase.Run, LogStream.Stdout, text, false))], 0),
        Now);
}
