using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: when each one who waits may start.</summary>
public sealed class QueueForecastTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_free_slot_is_taken_now_and_the_next_one_when_a_usual_run_is_over()
    {
        Assert.Equal([0, 0, 10, 20], Starts(slots: 2, [], 10, 20, 30, 1));
    }

    [Fact]
    public void Behind_a_running_one_it_is_as_long_as_that_one_usually_takes()
    {
        Assert.Equal([25, 30], Starts(slots: 1, [(StartedAgo: 5, Usual: 30)], 5, 5));
        Assert.Equal([5, 6, 7], Starts(slots: 2, [(0, 5), (4, 10)], 2, 1, 1));
    }

    [Fact]
    public void One_past_its_usual_time_may_end_any_moment()
    {
        Assert.Equal([0], Starts(slots: 1, [(StartedAgo: 60, Usual: 30)], 5));
    }

    [Fact]
    public void Behind_those_of_which_nothing_is_known_nothing_is_said()
    {
        Assert.Equal([null], Starts(slots: 1, [(StartedAgo: 5, Usual: null)], 5));
        Assert.Equal([0, null], Starts(slots: 1, [], null, 5));
        Assert.Equal([0, 0, 5], Starts(slots: 2, [], null, 5, 5));
    }

    [Fact]
    public void With_more_running_than_slots_the_first_to_end_make_no_room()
    {
        Assert.Equal([20], Starts(slots: 1, [(StartedAgo: 0, Usual: 10), (StartedAgo: 0, Usual: 20)], 5));
        Assert.Equal([null], Starts(slots: 0, [], 5));
    }

    [Fact]
    public void Who_has_its_share_of_the_slots_is_passed_over_until_one_of_its_own_ends()
    {
        var waiting = new[] { ("a", 5), ("a", 5), ("b", 30), ("", 1), ("a", 5) }
            .Select((one, index) => Entry(index, DeploymentStatus.Pending, null, one.Item2) with { DeployedBy = one.Item1 })
            .ToList();

        var starts = QueueForecast.Of([], waiting, slots: 2, mostOfCaller: 1, Now);
        var behind = QueueForecast.Of(
            [Entry(9, DeploymentStatus.Running, 0, null) with { DeployedBy = "a" }], waiting, slots: 2, mostOfCaller: 1, Now);

        Assert.Equal([0, 5, 0, 10, 11], waiting.Select(one => (starts[one.Id] - Now).TotalSeconds));
        Assert.Equal([2, 3], behind.Keys.Order());
    }

    // In seconds from now; null where nothing is said.
    private static IEnumerable<double?> Starts(
        int slots, (int StartedAgo, int? Usual)[] running, params int?[] waiting)
    {
        var entries = waiting.Select((usual, index) => Entry(100 + index, DeploymentStatus.Pending, null, usual)).ToList();
        var starts = QueueForecast.Of(
            [.. running.Select((run, index) => Entry(index, DeploymentStatus.Running, run.StartedAgo, run.Usual))],
            entries, slots, mostOfCaller: null, Now);
        return entries.Select(entry =>
            starts.TryGetValue(entry.Id, out var start) ? (start - Now).TotalSeconds : (double?)null);
    }

    private static QueuedDeployment Entry(long id, DeploymentStatus status, int? startedAgo, int? usual) => new(
        id, "https://git.example/r.git", "main", status, null, Now,
        startedAgo is { } ago ? Now.AddSeconds(-ago) : null,
        usual is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
}
