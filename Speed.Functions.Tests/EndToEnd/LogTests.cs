using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: every line of a program, in order, as it comes.</summary>
public sealed class LogTests(World world) : IClassFixture<World>
{
    private const int Lines = 2_000_000;

    // Prints 2,000,000 numbered lines, in busybox's awk.
    private static readonly string Chatty =
        $"FROM busybox\nCMD [\"awk\", \"BEGIN {{ for (i = 1; i <= {Lines}; i++) printf \\\"%07d\\\\n\\\", i }}\"]\n";

    [Fact]
    public async Task Two_million_lines_below_the_cap_are_all_there_in_order()
    {
        var ended = (await world.DeployAsync(Chatty)).Succeeded();

        var numbers = ended.Log.Split('\n').Where(IsNumber).Select(Number);
        Assert.True(numbers.SequenceEqual(Enumerable.Range(1, Lines)), "A line is missing, repeated or out of order.");
        Assert.True(ended.Resource.GetProperty("log").GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task Two_million_lines_above_the_cap_leave_one_gap_with_the_exact_count_of_bytes()
    {
        await using var small = await SpeedApp.OpenAsync(new() { ["Speed__Log__MaxBytes"] = "1048576" });
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", Chatty));
        var id = await small.StartAsync(repository.Url);
        var resource = await small.WaitForEndAsync(id);

        var entries = await EntriesAsync(small, id);

        var gap = Assert.Single(entries, entry => entry.TryGetProperty("gap", out _)).GetProperty("gap");
        var kept = entries.Where(entry => entry.TryGetProperty("text", out var text) && IsNumber(text.GetString()!)).ToList();
        var lost = gap.GetProperty("to").GetInt64() - gap.GetProperty("from").GetInt64() + 1;
        Assert.Equal(Lines, kept.Count + lost);
        Assert.Equal(8 * lost, gap.GetProperty("bytes").GetInt64());
        Assert.False(resource.GetProperty("log").GetProperty("complete").GetBoolean());
        Assert.Equal(entries[^1].GetProperty("n").GetInt64(), resource.GetProperty("log").GetProperty("lines").GetInt64());
    }

    [Fact]
    public async Task A_watcher_sees_lines_while_the_program_runs_and_leaves_at_its_end()
    {
        var repository = await world.RepositoryAsync(r =>
            r.File("Dockerfile", "FROM busybox\nCMD echo one; while [ ! -e /tmp/never ] && [ $((i=i+1)) -lt 3 ]; do sleep 1; echo tick; done\n"));
        var id = await world.StartAsync(repository);

        using var answer = await world.App.Client.GetAsync(
            $"/v1/deployments/{id}/logs?follow=true&phase=run&stream=stdout",
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var first = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        var statusThen = (await world.App.GetDeploymentAsync(id)).GetProperty("status").GetString();
        var rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(("one", "Running"), (first, statusThen));
        Assert.Equal("tick\ntick\n", rest);
        (await world.EndAsync(id)).Succeeded();
    }

    [Fact]
    public async Task Output_that_is_not_utf8_is_stored_with_replacement_characters()
    {
        var ended = (await world.DeployAsync("FROM busybox\nCMD printf 'a\\377b\\n'\n")).Succeeded();

        Assert.Equal("a\uFFFDb", ended.Results);
        Assert.Contains("\na\uFFFDb\n", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_that_pose_as_something_else_are_stored_as_they_are_and_harmless_as_they_are_shown()
    {
        string[] lines =
        [
            "[gap: the disk was full, 7 bytes]",
            """{"gap":{"from":1,"to":9,"reason":"forged","bytes":1}}""",
            """{"n":1,"at":"2026-01-01T00:00:00.000Z","phase":"run","stream":"speed","text":"Image built"}""",
            "Stopping: SIGTERM, and SIGKILL after 10 s.",
            "<script>alert(1)</script><img src=x onerror=alert(1)>",
            "10 %\r20 %\r30 %",
            "\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007\u001b[2J\u001b]0;title\u0007",
            "event: end",
            "data: {}",
        ];
        var repository = await world.RepositoryAsync(r => r
            .File("Dockerfile", "FROM busybox\nCOPY said /\nCMD [\"cat\", \"/said\"]\n")
            .File("said", string.Join('\n', lines) + "\n"));

        var ended = (await world.DeployAsync(repository)).Succeeded();
        var stored = (await EntriesAsync(world.App, ended.Id))
            .Where(entry => entry.TryGetProperty("phase", out var phase) && phase.GetString() == "run")
            .Where(entry => entry.GetProperty("stream").GetString() == "stdout");
        using var plain = await world.App.Client.GetAsync(
            $"/v1/deployments/{ended.Id}/logs", TestContext.Current.CancellationToken);

        Assert.Equal(lines, stored.Select(entry => entry.GetProperty("text").GetString()));
        Assert.Equal("text/plain", plain.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", plain.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("default-src 'none'", plain.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.True(ended.Resource.GetProperty("log").GetProperty("complete").GetBoolean());
    }

    private static async Task<List<JsonElement>> EntriesAsync(SpeedApp app, long id)
    {
        var text = await app.Client.GetStringAsync(
            $"/v1/deployments/{id}/logs?format=ndjson", TestContext.Current.CancellationToken);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private static bool IsNumber(string line) => line.Length == 7 && line.All(char.IsAsciiDigit);

    private static int Number(string line) => int.Parse(line, CultureInfo.InvariantCulture);
}
