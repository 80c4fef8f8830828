using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: what Prometheus reads.</summary>
public sealed class MetricsTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_waits_runs_and_ends_is_counted()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync("https://example.com/r.git");
        var running = await app.StartAsync("https://example.com/r.git");
        var ended = await app.StartAsync("https://example.com/r.git");
        await app.UpdateAsync(running, "Running");
        await app.UpdateAsync(ended, "Failed");

        await WaitForAsync(app, "speed_outcomes_total{status=\"Failed\",code=\"DECLARED_BY_LEADER\"} 1");
        await WaitForAsync(app, "speed_queue_length 1");
        await WaitForAsync(app, "speed_running 1");
        await WaitForAsync(app, "speed_wait_seconds_count 1");
        await WaitForAsync(app, "speed_http_requests_total{function=\"Start\",status=\"201\"} 3");
    }

    [Fact]
    public async Task The_stores_and_the_streams_tell_of_their_work()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var logs = app.Services.GetRequiredService<ILogStore>();
        await logs.OpenAsync(id, Now);
        var line = new LogLine(1, DateTimeOffset.UnixEpoch, DeploymentPhase.Run, LogStream.Stdout, "ünd", false);
        await logs.AppendAsync(id, new LogChunk([line], 0), Now);
        using var reader = await EventReader.OpenAsync(app.Client, "/v1/events");

        var text = await app.Client.GetStringAsync("/metrics", Now);

        Assert.Contains("speed_log_lines_total 1\n", text, StringComparison.Ordinal);
        Assert.Contains("speed_log_bytes_total 5\n", text, StringComparison.Ordinal);
        Assert.Contains("speed_open_streams 1\n", text, StringComparison.Ordinal);
        Assert.Matches("speed_commit_seconds_count{database=\"deployments\"} [1-9]", text);
        Assert.Matches("speed_commit_seconds_count{database=\"logs\"} [1-9]", text);
    }

    [Fact]
    public async Task They_are_for_administrators()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"]);

        Assert.Equal(403, (await app.AskAsync("GET", "/metrics", token)).Status);
        Assert.Equal(200, (await app.AskAsync("GET", "/metrics", app.AdminKey())).Status);
    }

    // They follow the events, a moment behind.
    private static async Task WaitForAsync(SpeedApp app, string sample)
    {
        var text = "";
        for (var looks = 0; looks < 500; looks++)
        {
            text = await app.Client.GetStringAsync("/metrics", Now);
            if (text.Contains($"{sample}\n", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"There is no {sample} in {text}");
    }
}
