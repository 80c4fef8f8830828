using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeclareOutcome;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    // Where a deployment may stand, and what each word of its leader does there:
    // Pending, Running, Succeeded, Failed, Canceled.
    private static readonly Dictionary<string, DeclareOutcome[]> Table = new()
    {
        ["pending"] = [Unchanged, Changed, Changed, Changed, Changed],
        ["running"] = [Illegal, Unchanged, Changed, Changed, Changed],
        ["taken over"] = [Illegal, Unchanged, Changed, Changed, Changed],
        ["being canceled"] = [BeingCanceled, BeingCanceled, BeingCanceled, BeingCanceled, Unchanged],
        ["being superseded"] = [Illegal, Unchanged, BeingSuperseded, BeingSuperseded, Changed],
        ["succeeded"] = [AlreadyFinished, AlreadyFinished, Unchanged, AlreadyFinished, AlreadyFinished],
        ["failed"] = [AlreadyFinished, AlreadyFinished, AlreadyFinished, Unchanged, AlreadyFinished],
        ["canceled"] = [AlreadyFinished, AlreadyFinished, AlreadyFinished, AlreadyFinished, Unchanged],
    };

    public static TheoryData<string, DeploymentStatus> EveryWordEverywhere =>
        [.. Table.Keys.SelectMany(_ => Enum.GetValues<DeploymentStatus>(), (state, word) => (state, word))];

    [Theory]
    [MemberData(nameof(EveryWordEverywhere))]
    public async Task A_leaders_word_does_what_the_table_says(string state, DeploymentStatus word)
    {
        var before = await BringToAsync(state);
        var expected = Table[state][(int)word];

        var outcome = await Store.DeclareAsync(before.Id, word, Token);

        var after = await FindAsync(before.Id);
        Assert.Equal(expected, outcome);
        if (expected != Changed)
        {
            Assert.Equivalent(before, after);
            return;
        }

        Assert.True(after.Version > before.Version);
        var stopsFirst = state is "running" or "being superseded" && word == Canceled;
        Assert.Equal(stopsFirst ? Running : word, after.Status);
        Assert.Equal(stopsFirst || state == "being canceled" || word == Canceled, after.Cancel is not null);
        Assert.Equal(word.IsFinal && state is not ("running" or "being superseded"), after.LogClosedAt is not null);
    }

    [Fact]
    public async Task A_word_for_what_is_not_there_finds_nothing()
    {
        Assert.Equal(NotFound, await Store.DeclareAsync(1, Running, Token));
    }

    [Fact]
    public async Task A_taken_over_deployment_holds_no_slot_and_has_no_phases()
    {
        var added = await AddAsync();
        var left = Bell.Next(Bell.Queue);

        await Store.DeclareAsync(added.Id, Running, Token);

        var taken = await FindAsync(added.Id);
        Assert.Equal((RunBy.Leader, null, Time.GetUtcNow()), (taken.RunBy, taken.Phase, taken.StartedAt));
        Assert.Empty(taken.Phases);
        Assert.True(left.IsCompletedSuccessfully);
        Assert.Null(await Store.ClaimNextAsync("worker-1", Token));
        Assert.Empty(await Store.ListUnfinishedAsync(Token));
        Assert.False(await Store.AskStartAsync(taken.Claim, Token));
        Assert.False(await Store.EnterPhaseAsync(taken.Claim, DeploymentPhase.Run, Token));
        Assert.Null(await Store.TakeOverAsync(taken.Claim, "worker-1", repeat: false, Token));
    }

    [Fact]
    public async Task A_leader_that_never_reports_falls_due_after_the_run_time()
    {
        var added = await AddAsync(Options(timeouts: new Timeouts { RunSeconds = 60 }));
        await Store.DeclareAsync(added.Id, Running, Token);
        Assert.Equal(TimeSpan.FromSeconds(60), await Store.NextDueAsync(Token));

        Time.Advance(TimeSpan.FromSeconds(60));

        var overdue = Assert.Single(await Store.ListOverdueAsync(Token));
        Assert.True(await Store.SettleAsync(overdue.Claim, Failed(FailureCode.RunTimeout), Token));
        Assert.Empty(await Store.ListOverdueAsync(Token));
    }

    [Fact]
    public async Task A_leader_without_a_run_limit_never_falls_due()
    {
        var added = await AddAsync(Options(timeouts: new Timeouts { RunSeconds = 0 }));
        await Store.DeclareAsync(added.Id, Running, Token);
        Time.Advance(TimeSpan.FromDays(365));

        Assert.Null(await Store.NextDueAsync(Token));
        Assert.Empty(await Store.ListOverdueAsync(Token));
    }

    [Fact]
    public async Task A_declared_failure_is_recorded_as_the_leaders()
    {
        var running = await AddRunningAsync();

        await Store.DeclareAsync(running.Id, DeploymentStatus.Failed, Token);

        var ended = await FindAsync(running.Id);
        Assert.Equal(FailureCode.DeclaredByLeader, ended.Failure?.Code);
        Assert.Equal(DeploymentPhase.Clone, ended.Failure?.Phase);
        Assert.NotNull(ended.Failure?.Hint);
        Assert.Equal("failed", Assert.Single(ended.Phases).Status);
    }

    [Fact]
    public async Task A_declared_end_leaves_the_log_open_for_late_results()
    {
        var running = await AddRunningAsync();
        await Store.DeclareAsync(running.Id, Succeeded, Token);
        await Store.ReportAsync(running.Id, "by hand", Token);
        Assert.Equal(running.Id, Assert.Single(await Store.ListUnfinishedAsync(Token)).Id);
        Assert.False(await Store.SettleAsync(running.Claim, Failed(), Token));
        Time.Advance(TimeSpan.FromSeconds(1));

        NewResult[] late = [new(ResultSource.Stdout, "out"), new(ResultSource.Stderr, "err")];
        Assert.True(await Store.CloseAsync(running.Id, late, Token));
        Assert.False(await Store.CloseAsync(running.Id, late, Token));

        var ended = await FindAsync(running.Id);
        Assert.Equal((Time.GetUtcNow(), Time.GetUtcNow().AddSeconds(-1)), (ended.LogClosedAt, ended.EndedAt));
        Assert.Empty(await Store.ListUnfinishedAsync(Token));
        Assert.Equal(
            [(1, "by hand", false), (2, "out", true), (3, "err", true)],
            (await ReadResultsAsync(running.Id)).Select(result => (result.Seq, result.Value, result.Late)));
    }

    [Fact]
    public async Task What_has_not_ended_cannot_be_closed()
    {
        var running = await AddRunningAsync();

        Assert.False(await Store.CloseAsync(running.Id, [], Token));
        Assert.False(await Store.CloseAsync(99, [], Token));
    }

    private async Task<Deployment> BringToAsync(string state)
    {
        if (state is "pending" or "taken over")
        {
            var added = await AddAsync();
            if (state == "taken over")
            {
                await Store.DeclareAsync(added.Id, Running, Token);
            }

            return await FindAsync(added.Id);
        }

        if (state == "being superseded")
        {
            var (older, newer) = (await AddServiceAsync(), await AddServiceAsync());
            await Services.BecomeUpAsync(older.Claim, Token);
            await Services.BecomeUpAsync(newer.Claim, Token);
            return await FindAsync(older.Id);
        }

        var running = await AddRunningAsync();
        Task<bool> done = state switch
        {
            "succeeded" => Store.SettleAsync(running.Claim, Success(), Token),
            "failed" => Store.SettleAsync(running.Claim, Failed(), Token),
            "canceled" => Store.SettleAsync(running.Claim, Stopped(), Token),
            "being canceled" => CancelAsync(running.Id),
            _ => Task.FromResult(true),
        };
        Assert.True(await done);
        return await FindAsync(running.Id);
    }

    private async Task<bool> CancelAsync(long id) =>
        await Store.RequestCancelAsync(id, "api", null, Token) == CancelOutcome.Requested;
}
