using System.Diagnostics;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process: twice on the same data.</summary>
public sealed class LockTests
{
    [Fact]
    public async Task A_second_process_on_the_same_data_waits_for_half_a_minute_and_ends_with_a_sentence()
    {
        var launched = Stopwatch.GetTimestamp();
        await using var first = new SpeedProcess(("Speed__MaxRunning", "0"));
        await first.StartAsync();
        var start = Stopwatch.GetElapsedTime(launched).TotalSeconds;
        await using var second = new SpeedProcess(
            ("Speed__MaxRunning", "0"), ("Speed__DataDirectory", first.DataDirectory));
        var since = Stopwatch.GetTimestamp();

        second.Launch();
        var exitCode = await second.ExitsAsync(TimeSpan.FromSeconds(60 + start));

        Assert.Equal(1, exitCode);
        // The half minute begins when .NET has started, which takes this machine as long as it takes now.
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 30, 40 + start);
        Assert.Contains(
            $"The data directory {first.DataDirectory} is in use by another process", second.Output,
            StringComparison.Ordinal);
        Assert.Equal(1, await first.DeployAsync("https://example.org/r.git"));
    }

    [Fact]
    public async Task A_second_process_goes_on_as_soon_as_the_first_has_ended()
    {
        await using var first = new SpeedProcess(("Speed__MaxRunning", "0"));
        await first.StartAsync();
        await using var second = new SpeedProcess(
            ("Speed__MaxRunning", "0"), ("Speed__DataDirectory", first.DataDirectory));

        second.Launch();
        await first.DeployAsync("https://example.org/r.git");
        await first.TerminateAsync();
        await second.AnswersAsync();

        Assert.Equal(2, await second.DeployAsync("https://example.org/r.git"));
    }
}
