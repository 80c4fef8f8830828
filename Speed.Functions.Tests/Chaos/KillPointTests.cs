using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process and the real engine: SIGKILL at instants that its socket sees.</summary>
public sealed class KillPointTests(KillPointWorld world) : IClassFixture<KillPointWorld>
{
    private const string Create = "^POST .*/containers/create";
    private const string Start = "^POST .*/containers/[^/]+/start";
    private const string Remove = "^DELETE .*/containers/";
    private const string Build = "^POST .*/build[?]";

    private static Job Quick { get; } = new("quick", "echo line 1", Lines: 1);

    [Theory]
    [InlineData(Build, Moment.Asked, 2)]
    [InlineData(Build, Moment.Answered, 2)]
    [InlineData(Create, Moment.Asked, 1)]
    [InlineData(Create, Moment.Sent, 1)]
    [InlineData(Create, Moment.Answered, 1)]
    public async Task Killed_before_a_start_was_asked_for_it_goes_on_and_succeeds(
        string request, Moment moment, int attempt)
    {
        var id = await world.DieAsync(Quick with { Builds = true }, request, moment);

        var ended = await world.LiveOnAsync(id);

        Assert.Equal(("Succeeded", attempt), (ended.Status, ended.Attempt));
        Assert.EndsWith($"-{id}-{attempt}", Assert.Single(ended.Starts));
    }

    [Fact]
    public async Task Killed_between_asking_and_starting_it_is_not_started_again_and_says_so()
    {
        var id = await world.DieAsync(Quick, Start, Moment.Asked);

        var ended = await world.LiveOnAsync(id);

        Assert.Equal(("Failed", "INTERRUPTED", 1), (ended.Status, ended.Code, ended.Attempt));
        Assert.Empty(ended.Starts);
    }

    [Theory]
    [InlineData(Moment.Sent)]
    [InlineData(Moment.Answered)]
    public async Task Killed_while_the_engine_starts_it_it_is_adopted_and_not_started_again(Moment moment)
    {
        var id = await world.DieAsync(new Job("slow", Job.Numbered(20, "sleep 0.1"), Lines: 20), Start, moment);

        var ended = await world.LiveOnAsync(id);

        Assert.Equal(("Succeeded", 1), (ended.Status, ended.Attempt));
        Assert.Single(ended.Starts);
    }

    [Theory]
    [InlineData("echo line 1", "Succeeded", null)]
    [InlineData("echo line 1; exit 137", "Failed", "EXIT_NONZERO")]
    public async Task A_program_that_ended_while_it_was_dead_is_judged_by_its_own_exit(
        string script, string status, string? code)
    {
        var id = await world.DieAsync(new Job("quick", script, Lines: 1), Start, Moment.Answered);

        var ended = await world.LiveOnAsync(id);

        Assert.Equal((status, code, 1), (ended.Status, ended.Code, ended.Attempt));
        Assert.Single(ended.Starts);
    }

    [Theory]
    [InlineData(Moment.Asked)]
    [InlineData(Moment.Sent)]
    [InlineData(Moment.Answered)]
    public async Task Killed_while_it_cleans_up_nothing_is_left(Moment moment)
    {
        var id = await world.DieAsync(Quick, Remove, moment);

        var ended = await world.LiveOnAsync(id);

        Assert.Equal("Succeeded", ended.Status);
        Assert.Single(ended.Starts);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(57)]
    public async Task Killed_after_a_watcher_saw_a_line_the_log_goes_on_without_repetition(int line)
    {
        var chatty = new Job("chatty", Job.Numbered(200, "[ $((i % 10)) -ne 0 ] || sleep 0.1"), Lines: 200);
        var id = await world.DieAtLineAsync(chatty, line);

        var ended = await world.LiveOnAsync(id);

        Assert.Equal(("Succeeded", 1), (ended.Status, ended.Attempt));
        Assert.Single(ended.Starts);
    }
}
