using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: a log as text and as ndjson, its lines written as the worker would.</summary>
public sealed class LogsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private SpeedApp _app = null!;
    private long _id;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private ILogStore Logs => _app.Services.GetRequiredService<ILogStore>();

    public async ValueTask InitializeAsync()
    {
        _app = await SpeedApp.OpenIdleAsync();
        _id = await _app.StartAsync("https://example.com/r.git");
        await Logs.OpenAsync(_id, Now);
        await AppendAsync(
            new LogLine(1, At, DeploymentPhase.Clone, LogStream.Speed, "cloning", false),
            new LogLine(2, At, DeploymentPhase.Build, LogStream.Stdout, "Step ü", false),
            new LogLine(3, At, DeploymentPhase.Run, LogStream.Stdout, "first part, ", true),
            new LogLine(4, At, DeploymentPhase.Run, LogStream.Stdout, "second part", false));
        await Logs.AppendGapAsync(_id, new LogGap(5, 5, "the engine was gone", null), Now);
        await AppendAsync(new LogLine(6, At, DeploymentPhase.Run, LogStream.Stderr, "an ERROR \"x\"\u0007", false));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task As_text_there_is_the_text_alone_with_long_lines_whole()
    {
        var answer = await ReadAsync("");

        Assert.Equal("text/plain; charset=utf-8", answer.Headers["Content-Type"]);
        Assert.Equal(
            "cloning\nStep ü\nfirst part, second part\n[gap: the engine was gone, unknown bytes]\nan ERROR \"x\"\u0007\n",
            answer.Text);
    }

    [Fact]
    public async Task As_ndjson_there_is_one_object_a_line_with_its_number_first()
    {
        var answer = await ReadAsync("?format=ndjson");

        Assert.Equal("application/x-ndjson", answer.Headers["Content-Type"]);
        Assert.Equal(
            """
            {"n":1,"at":"2026-01-02T03:04:05.678Z","phase":"clone","stream":"speed","text":"cloning"}
            {"n":2,"at":"2026-01-02T03:04:05.678Z","phase":"build","stream":"stdout","text":"Step ü"}
            {"n":3,"at":"2026-01-02T03:04:05.678Z","phase":"run","stream":"stdout","text":"first part, ","cont":true}
            {"n":4,"at":"2026-01-02T03:04:05.678Z","phase":"run","stream":"stdout","text":"second part"}
            {"gap":{"from":5,"to":5,"reason":"the engine was gone","bytes":null}}
            {"n":6,"at":"2026-01-02T03:04:05.678Z","phase":"run","stream":"stderr","text":"an ERROR \"x\"\u0007"}

            """,
            answer.Text);
    }

    [Theory]
    [InlineData("application/x-ndjson", "", "application/x-ndjson")]
    [InlineData("application/x-ndjson;q=0.5, text/html", "", "application/x-ndjson")]
    [InlineData("application/x-ndjson", "?format=text", "text/plain; charset=utf-8")]
    [InlineData("*/*", "", "text/plain; charset=utf-8")]
    public async Task The_accept_header_chooses_unless_the_query_does(string accept, string query, string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/deployments/{_id}/logs{query}");
        request.Headers.TryAddWithoutValidation("Accept", accept);

        using var answer = await _app.Client.SendAsync(request, Now);

        Assert.Equal(contentType, answer.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData("after=4", "5 6")]
    [InlineData("after=6", "")]
    [InlineData("after=99", "")]
    [InlineData("limit=2", "1 2")]
    [InlineData("limit=0", "")]
    [InlineData("after=1&limit=2", "2 3")]
    [InlineData("tail=2", "5 6")]
    [InlineData("tail=0", "")]
    [InlineData("tail=99", "1 2 3 4 5 6")]
    [InlineData("tail=3&limit=1", "4")]
    [InlineData("after=5&tail=4", "6")]
    [InlineData("phase=run&after=5", "6")]
    [InlineData("phase=build", "2 5")]
    [InlineData("stream=speed", "1 5")]
    [InlineData("stream=STDERR", "5 6")]
    [InlineData("q=error", "5 6")]
    [InlineData("q=part&stream=stdout&tail=2", "4 5")]
    [InlineData("q=part&tail=0", "")]
    [InlineData("q=nothing+like+it&after=5", "")]
    [InlineData("q=&phase=", "1 2 3 4 5 6")]
    public async Task Queries_choose_lines_and_gaps_are_always_among_them(string query, string numbers)
    {
        var answer = await ReadAsync($"?format=ndjson&{query}");

        var found =
            from line in answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            let json = JsonElement.Parse(line)
            select json.TryGetProperty("gap", out var gap) ? gap.GetProperty("to") : json.GetProperty("n");
        Assert.Equal(numbers, string.Join(' ', found));
    }

    [Theory]
    [InlineData("format=xml")]
    [InlineData("after=-1")]
    [InlineData("tail=x")]
    [InlineData("limit=1.5")]
    [InlineData("phase=clean")]
    [InlineData("phase=1")]
    [InlineData("stream=stdin")]
    [InlineData("follow=yes")]
    [InlineData("follow=true&follow=true")]
    public async Task A_query_that_cannot_be_used_is_a_problem(string query)
    {
        var answer = await ReadAsync($"?{query}");

        Assert.Equal((400, "application/problem+json"), (answer.Status, answer.Headers["Content-Type"]));
        Assert.Contains(query.Split('=')[0], answer.Json.GetProperty("detail").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_nothing_is_not_found()
    {
        var answer = await Answer.ReadAsync(await _app.Client.GetAsync("/v1/deployments/99/logs?follow=true", Now));

        Assert.Equal((404, "NOT_FOUND"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_follower_gets_each_line_as_it_comes_and_leaves_when_the_log_is_closed()
    {
        // The answer begins before there is a line; a Functions host passes it on with the first one.
        var following = FollowAsync("follow=true&after=6");
        await (RunningSpeed.IsUnderHost ? Task.CompletedTask : following);

        await AppendAsync(new LogLine(7, At, DeploymentPhase.Run, LogStream.Stdout, "while it runs", false));
        using var reader = await following;
        var first = await reader.ReadLineAsync(Now);
        await _app.UpdateAsync(_id, "Succeeded");
        var rest = await reader.ReadToEndAsync(Now);

        Assert.Equal(("while it runs", ""), (first, rest));
    }

    [Fact]
    public async Task The_text_of_a_log_without_a_gap_has_the_hash_of_the_resource()
    {
        _id = await _app.StartAsync("https://example.com/r.git");
        await Logs.OpenAsync(_id, Now);
        await AppendAsync(
            new LogLine(1, At, DeploymentPhase.Run, LogStream.Stdout, "first part, ", true),
            new LogLine(2, At, DeploymentPhase.Run, LogStream.Stdout, "ünd", false));
        await Logs.CloseAsync(_id, Now);
        await _app.UpdateAsync(_id, "Succeeded");

        var text = (await ReadAsync("")).Text;

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var log = (await _app.GetDeploymentAsync(_id)).GetProperty("log");
        Assert.Equal("first part, ünd\n", text);
        Assert.Equal((hash, true), (log.GetProperty("sha256").GetString(), log.GetProperty("complete").GetBoolean()));
        Assert.Equal(Encoding.UTF8.GetByteCount(text), log.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task A_follower_gets_the_tail_first()
    {
        using var reader = await FollowAsync("follow=true&tail=1&stream=stderr");

        Assert.Equal("an ERROR \"x\"\u0007", await reader.ReadLineAsync(Now));
    }

    [Fact]
    public async Task A_follower_leaves_in_good_order_when_SPEED_stops()
    {
        using var client = new HttpClient { BaseAddress = _app.Client.BaseAddress };
        using var reader = new StreamReader(
            await client.GetStreamAsync($"/v1/deployments/{_id}/logs?follow=true&after=5", Now));
        await reader.ReadLineAsync(Now);

        await _app.RestartAsync();

        Assert.Equal("", await reader.ReadToEndAsync(Now));
    }

    private Task AppendAsync(params LogLine[] lines) => Logs.AppendAsync(_id, new LogChunk(lines, 0), Now);

    private async Task<Answer> ReadAsync(string query) =>
        await Answer.ReadAsync(await _app.Client.GetAsync($"/v1/deployments/{_id}/logs{query}", Now));

    private async Task<StreamReader> FollowAsync(string query) =>
        new(await _app.Client.GetStreamAsync($"/v1/deployments/{_id}/logs?{query}", Now));
}
