using System.Globalization;
using Microsoft.Data.Sqlite;
using Speed.Tests.Chaos;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives SPEED's process and real SQLite: how a Functions host and its worker begin and end, alone or together.</summary>
public sealed class HostedEndTests(HostedSpeed speed) : IClassFixture<HostedSpeed>
{
    // Five seconds, each as long as a tenth of it takes here: on a busy machine this process is as late as the worker.
    private const int OrphanEndsWithinTenths = 50;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_whose_host_was_killed_ends_and_leaves_the_data_to_the_next()
    {
        await BeginAsync();
        var orphan = speed.Host.Worker;

        await speed.Host.KillAsync();
        var tenths = 0;
        while (!orphan.Exit.IsCompleted)
        {
            await Task.WhenAny(orphan.Exit, Task.Delay(TimeSpan.FromMilliseconds(100), Now));
            tenths++;
        }

        await speed.StartAsync();

        Assert.InRange(tenths, 1, OrphanEndsWithinTenths);
        Assert.Equal(1, speed.Host.WorkersStarted);
    }

    [Theory]
    [InlineData("TERM", 200)]
    [InlineData("KILL", 128 + 9)]
    public async Task A_worker_that_was_ended_alone_has_a_successor(string signal, int exitCode)
    {
        await BeginAsync();
        var worker = (WorkerProcess)speed.Host.Worker;
        var before = speed.Host.WorkersStarted;

        await Signal.SendAsync(worker.Id, signal);
        var exit = await speed.Host.EndOfAsync(worker).WaitAsync(Now);

        await speed.ServesAsync();
        Assert.Equal(exitCode, exit);
        Assert.Equal(before + 1, speed.Host.WorkersStarted);
    }

    [Fact]
    public async Task The_host_s_own_end_is_the_worker_s_in_good_order_and_ends_what_streams()
    {
        await BeginAsync();
        var worker = speed.Host.Worker;
        var before = speed.Host.WorkersStarted;
        using var events = await EventReader.OpenAsync(speed.Client, "/v1/events");
        Assert.Equal("snapshot", (await events.ReadAsync())?.Name);

        var ending = speed.Host.TerminateAsync();

        Assert.Empty(await events.ReadToEndAsync());
        Assert.Equal(0, await ending);
        Assert.Equal(before, speed.Host.WorkersStarted);
        Assert.True(worker.Exit.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_store_that_is_locked_meanwhile_lets_the_start_wait_and_whoever_asks_come_again()
    {
        await BeginAsync();
        await speed.Host.TerminateAsync();
        using (var stranger = new SqliteConnection(
            $"Data Source={Path.Combine(speed.DataDirectory, "deployments.db")};Pooling=False"))
        {
            stranger.Open();
            using var locked = stranger.BeginTransaction(deferred: false);

            await speed.LoadAsync();
            var answer = await speed.AskAsync("GET", "/v1/queue");

            Assert.Equal(503, answer.Status);
            Assert.Equal("STARTING", answer.Json.GetProperty("code").GetString());
            Assert.True(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture) > 0);
            Assert.True(answer.Headers.ContainsKey("X-Request-Id"));
        }

        await speed.ServesAsync();
        Assert.Equal(1, speed.Host.WorkersStarted);
        Assert.Empty(speed.Host.Failures);
    }

    [Fact]
    public async Task A_worker_that_cannot_start_says_why_each_time_until_the_host_gives_up()
    {
        await using var other = new HostedSpeed(("Speed__MaxRunning", "many"));

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(other.StartAsync);

        Assert.Equal(3, fault.Message.Split("The worker ended with 1.").Length - 1);
        Assert.Contains("Speed__MaxRunning", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", fault.Message, StringComparison.Ordinal);
        other.Settings["Speed__MaxRunning"] = "0";
    }

    // On the same data, where the test before has left no worker.
    private async Task BeginAsync()
    {
        if (speed.Host.Worker.Exit.IsCompleted)
        {
            await speed.StartAsync();
        }
    }
}
