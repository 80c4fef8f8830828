using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    private const string SomeCommit = "0123456789abcdef0123456789abcdef01234567";

    [Fact]
    public async Task A_deployment_is_told_phase_by_phase_until_it_succeeds()
    {
        var start = Time.GetUtcNow();
        var running = await AddRunningAsync();
        Assert.True(await Store.RecordCommitAsync(running.Claim, "main", SomeCommit, Token));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await Store.EnterPhaseAsync(running.Claim, DeploymentPhase.Build, Token));
        Assert.True(await Store.RecordImageAsync(running.Claim, "sha256:1", Token));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await Store.EnterPhaseAsync(running.Claim, DeploymentPhase.Run, Token));
        Assert.True(await Store.AskStartAsync(running.Claim, Token));
        Time.Advance(TimeSpan.FromSeconds(1));

        var hello = new NewResult(ResultSource.Stdout, "hello");
        Assert.True(await Store.SettleAsync(running.Claim, Success(hello), Token));

        var ended = await FindAsync(running.Id);
        Assert.Equal((Succeeded, null, 0), (ended.Status, ended.Phase, ended.ExitCode));
        Assert.Equal((SomeCommit, "sha256:1", start.AddSeconds(2)), (ended.Commit, ended.ImageId, ended.StartAskedAt));
        Assert.Equal((start.AddSeconds(3), start.AddSeconds(3)), (ended.EndedAt, ended.LogClosedAt));
        Assert.Equal(
            [
                new PhaseRecord(DeploymentPhase.Clone, 1, start, start.AddSeconds(1), "succeeded"),
                new PhaseRecord(DeploymentPhase.Build, 1, start.AddSeconds(1), start.AddSeconds(2), "succeeded"),
                new PhaseRecord(DeploymentPhase.Run, 1, start.AddSeconds(2), start.AddSeconds(3), "succeeded"),
            ],
            ended.Phases);
        Assert.Equal("hello", Assert.Single(await ReadResultsAsync(running.Id)).Value);
    }

    [Fact]
    public async Task The_version_rises_with_every_change_and_the_bell_rings()
    {
        var running = await AddRunningAsync();
        var versions = new List<long> { running.Version };

        foreach (var change in new Func<Task<bool>>[]
        {
            () => Store.EnterPhaseAsync(running.Claim, DeploymentPhase.Build, Token),
            async () => await Store.RequestCancelAsync(running.Id, "api", null, Token) == CancelOutcome.Requested,
            () => Store.SettleAsync(running.Claim, Stopped(), Token),
        })
        {
            var bell = Bell.Next(running.Id);
            Assert.True(await change());
            Assert.True(bell.IsCompletedSuccessfully);
            versions.Add((await FindAsync(running.Id)).Version);
        }

        Assert.Equal(versions.Distinct().Order(), versions);
    }

    [Fact]
    public async Task Entering_the_phase_it_is_in_changes_nothing()
    {
        var running = await AddRunningAsync();

        Assert.True(await Store.EnterPhaseAsync(running.Claim, DeploymentPhase.Clone, Token));

        Assert.Equal(running.Version, (await FindAsync(running.Id)).Version);
    }

    [Fact]
    public async Task A_failure_is_kept_in_every_part()
    {
        var running = await AddRunningAsync();
        var settlement = Failed();

        await Store.SettleAsync(running.Claim, settlement, Token);

        var ended = await FindAsync(running.Id);
        Assert.Equal(settlement.Failure, ended.Failure);
        Assert.Equal("failed", Assert.Single(ended.Phases).Status);
    }

    [Fact]
    public async Task A_stale_claim_writes_nothing()
    {
        var running = await AddRunningAsync();
        var taken = await Store.TakeOverAsync(running.Claim, "worker-2", repeat: false, Token);
        Assert.NotNull(taken);

        Assert.False(await Store.EnterPhaseAsync(running.Claim, DeploymentPhase.Build, Token));
        Assert.False(await Store.RecordCommitAsync(running.Claim, "main", SomeCommit, Token));
        Assert.False(await Store.RecordImageAsync(running.Claim, "sha256:1", Token));
        Assert.False(await Store.AskStartAsync(running.Claim, Token));
        Assert.False(await Store.SettleAsync(running.Claim, Success(new NewResult(ResultSource.Stdout, "x")), Token));
        Assert.Null(await Store.TakeOverAsync(running.Claim, "worker-3", repeat: false, Token));

        Assert.Equivalent(taken, await FindAsync(running.Id));
        Assert.Empty(await ReadResultsAsync(running.Id));
        Assert.True(await Store.SettleAsync(taken.Claim, Success(), Token));
    }

    [Fact]
    public async Task An_end_comes_once()
    {
        var running = await AddRunningAsync();

        var settled = await Task.WhenAll(Enumerable.Range(0, 10)
            .Select(i => Task.Run(() => Store.SettleAsync(
                running.Claim, i % 2 == 0 ? Success(new NewResult(ResultSource.Stdout, "x")) : Failed(), Token))));

        Assert.Single(settled, done => done);
        Assert.True((await ReadResultsAsync(running.Id)).Count <= 1);
    }

    [Fact]
    public async Task A_start_is_asked_for_at_most_once()
    {
        var running = await AddRunningAsync();

        var asked = await Task.WhenAll(Enumerable.Range(0, 10)
            .Select(_ => Task.Run(() => Store.AskStartAsync(running.Claim, Token))));

        Assert.Single(asked, done => done);
        Assert.Null(await Store.TakeOverAsync(running.Claim, "worker-2", repeat: true, Token));
        var taken = await Store.TakeOverAsync(running.Claim, "worker-2", repeat: false, Token);
        Assert.NotNull(taken);
        Assert.False(await Store.AskStartAsync(taken.Claim, Token));
    }

    [Fact]
    public async Task Nothing_is_started_once_a_cancel_was_requested()
    {
        var running = await AddRunningAsync();
        await Store.RequestCancelAsync(running.Id, "api", null, Token);

        Assert.False(await Store.AskStartAsync(running.Claim, Token));
    }

    [Fact]
    public async Task A_pending_one_is_canceled_at_once()
    {
        var added = await AddAsync();

        Assert.Equal(CancelOutcome.Canceled, await Store.RequestCancelAsync(added.Id, "api", "a mistake", Token));

        var now = Time.GetUtcNow();
        var ended = await FindAsync(added.Id);
        Assert.Equal((Canceled, now, now), (ended.Status, ended.EndedAt, ended.LogClosedAt));
        Assert.Equal(new Cancellation("api", "a mistake", now, now), ended.Cancel);
        Assert.Equal(FailureCode.Canceled, ended.Failure?.Code);
        Assert.NotNull(ended.Failure?.Hint);
        Assert.Null(await Store.ClaimNextAsync("worker-1", Token));
        Assert.Equal(CancelOutcome.Canceled, await Store.RequestCancelAsync(added.Id, "api", null, Token));
    }

    [Fact]
    public async Task After_a_cancel_request_only_canceled_follows()
    {
        var running = await AddRunningAsync();
        var requestedAt = Time.GetUtcNow();
        Assert.Equal(CancelOutcome.Requested, await Store.RequestCancelAsync(running.Id, "api", "enough", Token));
        var requested = await FindAsync(running.Id);
        Assert.Equal(CancelOutcome.Requested, await Store.RequestCancelAsync(running.Id, "other", "again", Token));
        Assert.Equivalent(requested, await FindAsync(running.Id));
        Time.Advance(TimeSpan.FromSeconds(5));

        Assert.False(await Store.SettleAsync(running.Claim, Success(), Token));
        Assert.False(await Store.SettleAsync(running.Claim, Failed(), Token));
        Assert.True(await Store.SettleAsync(running.Claim, Stopped(), Token));

        var ended = await FindAsync(running.Id);
        Assert.Equal(Canceled, ended.Status);
        Assert.Equal(new Cancellation("api", "enough", requestedAt, requestedAt.AddSeconds(5)), ended.Cancel);
        Assert.Equal("canceled", Assert.Single(ended.Phases).Status);
    }

    [Fact]
    public async Task Cancel_and_end_at_once_agree_on_one_story()
    {
        for (var i = 0; i < 20; i++)
        {
            var running = await AddRunningAsync();

            var settling = Task.Run(() => Store.SettleAsync(running.Claim, Success(), Token));
            var canceling = Task.Run(() => Store.RequestCancelAsync(running.Id, "api", null, Token));

            Assert.Equal(await settling ? CancelOutcome.AlreadyFinished : CancelOutcome.Requested, await canceling);
        }
    }

    [Fact]
    public async Task A_cancel_of_what_is_not_there_or_ended_says_so()
    {
        var running = await AddRunningAsync();
        await Store.SettleAsync(running.Claim, Success(), Token);

        Assert.Equal(CancelOutcome.NotFound, await Store.RequestCancelAsync(99, "api", null, Token));
        Assert.Equal(CancelOutcome.AlreadyFinished, await Store.RequestCancelAsync(running.Id, "api", null, Token));
    }

    [Fact]
    public async Task A_settlement_must_be_an_end()
    {
        var running = await AddRunningAsync();

        await Assert.ThrowsAsync<ArgumentException>(
            () => Store.SettleAsync(running.Claim, new Settlement(Running, null, null, []), Token));
    }
}
