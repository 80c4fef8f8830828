using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    private static readonly Timeouts HundredSeconds = new() { QueueSeconds = 100, RunSeconds = 100 };

    public static TheoryData<int> JumpsInHours => [-48, 0, 48];

    [Theory]
    [MemberData(nameof(JumpsInHours))]
    public async Task A_jump_of_the_wall_clock_neither_ends_the_waiting_nor_prolongs_it(int hours)
    {
        var waiting = await AddAsync(Options(timeouts: HundredSeconds));
        Time.Advance(TimeSpan.FromSeconds(40));

        Time.Jump(TimeSpan.FromHours(hours));

        Assert.Equal(TimeSpan.FromSeconds(60), await Store.NextDueAsync(Token));
        Assert.Empty(await Store.ListOverdueAsync(Token));
        Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(waiting.Id, Assert.Single(await Store.ListOverdueAsync(Token)).Id);
        Assert.Null(await Store.ClaimNextAsync("worker-1", Token));
    }

    [Theory]
    [MemberData(nameof(JumpsInHours))]
    public async Task Across_a_restart_each_keeps_what_it_had_left_whatever_the_wall_clock_did(int hours)
    {
        await AddAsync(Options(timeouts: HundredSeconds));
        var taken = await AddAsync(Options(timeouts: HundredSeconds));
        Time.Advance(TimeSpan.FromSeconds(10));
        await Store.DeclareAsync(taken.Id, Running, Token);
        Time.Advance(TimeSpan.FromSeconds(30));
        await Store.NoteTimeAsync(Token);

        Close();
        Time.Jump(TimeSpan.FromHours(hours));
        Restart();

        Assert.Equal(TimeSpan.FromSeconds(60), await Store.NextDueAsync(Token));
        Time.Advance(TimeSpan.FromSeconds(69));
        Assert.Single(await Store.ListOverdueAsync(Token));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await Store.ListOverdueAsync(Token)).Count);
    }

    [Fact]
    public async Task After_a_kill_that_came_before_any_note_each_has_its_whole_time_again_and_no_more()
    {
        await AddAsync(Options(timeouts: HundredSeconds));
        Time.Advance(TimeSpan.FromSeconds(40));

        Close();
        Time.Jump(TimeSpan.FromDays(-400));
        Restart();

        Assert.Equal(TimeSpan.FromSeconds(100), await Store.NextDueAsync(Token));
    }
}
