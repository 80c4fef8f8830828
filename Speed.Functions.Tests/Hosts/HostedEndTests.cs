using Speed.Tests.Chaos;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives SPEED's process: a Functions host or its worker ends, each by itself or both together.</summary>
public sealed class HostedEndTests : IAsyncLifetime
{
    private static readonly TimeSpan OrphanEndsWithin = TimeSpan.FromSeconds(5);

    private readonly HostedSpeed _speed = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private static TimeSpan Since(long timestamp) => TimeProvider.System.GetElapsedTime(timestamp);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _speed.DisposeAsync();

    [Fact]
    public async Task A_worker_whose_host_was_killed_ends_and_leaves_the_data_to_the_next()
    {
        await _speed.StartAsync();
        var orphan = _speed.Host.Worker;

        await _speed.Host.KillAsync();
        var since = TimeProvider.System.GetTimestamp();
        await orphan.Exit.WaitAsync(Now);
        var took = Since(since);
        await _speed.StartAsync();

        Assert.True(took < OrphanEndsWithin, $"It ended after {took.TotalSeconds:F1} s.");
        Assert.Equal(1, _speed.Host.WorkersStarted);
        await _speed.ServesAsync();
    }

    [Theory]
    [InlineData("TERM", 200)]
    [InlineData("KILL", 128 + 9)]
    public async Task A_worker_that_was_ended_alone_has_a_successor(string signal, int exitCode)
    {
        await _speed.StartAsync();
        await _speed.ServesAsync();
        var worker = (WorkerProcess)_speed.Host.Worker;

        await Signal.SendAsync(worker.Id, signal);
        var exit = await _speed.Host.EndOfAsync(worker).WaitAsync(Now);

        await _speed.ServesAsync();
        Assert.Equal(exitCode, exit);
        Assert.Equal(2, _speed.Host.WorkersStarted);
    }

    [Fact]
    public async Task The_host_s_own_end_is_the_worker_s_in_good_order_and_ends_what_streams()
    {
        await _speed.StartAsync();
        var worker = _speed.Host.Worker;
        using var events = await EventReader.OpenAsync(_speed.Client, "/v1/events");
        Assert.Equal("snapshot", (await events.ReadAsync())?.Name);

        var ending = _speed.Host.TerminateAsync();

        Assert.Empty(await events.ReadToEndAsync());
        Assert.Equal(0, await ending);
        Assert.Equal(1, _speed.Host.WorkersStarted);
        Assert.True(worker.Exit.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_worker_that_cannot_start_says_why_each_time_until_the_host_gives_up()
    {
        _speed.Settings["Speed__MaxRunning"] = "many";

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(_speed.StartAsync);

        Assert.Equal(3, fault.Message.Split("The worker ended with 1.").Length - 1);
        Assert.Contains("Speed__MaxRunning", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", fault.Message, StringComparison.Ordinal);
        _speed.Settings["Speed__MaxRunning"] = "0";
    }

    [Fact]
    public async Task What_is_said_at_the_first_start_arrives_at_the_host_and_names_the_file_of_the_admin_key()
    {
        _speed.Settings["Speed__Auth"] = "required";
        await _speed.StartAsync();

        await _speed.Host.PrintsAsync(Path.Combine(_speed.DataDirectory, "admin.key"), Now);
    }
}
