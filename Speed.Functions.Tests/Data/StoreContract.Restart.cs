using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    private static readonly string Key = new('a', 64);

    [Fact]
    public async Task A_restart_keeps_everything()
    {
        var ended = await AddRunningAsync();
        await Store.ReportAsync(ended.Id, "r", Token);
        await Store.SettleAsync(ended.Claim, Failed(), Token);
        var running = await AddRunningAsync();
        await Store.RequestCancelAsync(running.Id, "api", "why not", Token);
        await AddWithKeyAsync("k");
        await Store.AddAsync(new NewDeployment(SomeOptions.Of("https://git.example/r"), null, 10) { Repos = ["git.example/*"] }, Token);
        await Store.AddAsync(new NewDeployment(SomeOptions.Of("https://git.example/r"), null, 10) { Repos = [] }, Token);
        await Store.RecordBuildAsync(Key, running.Id, Token);
        await Store.RecordBuiltAsync(Key, "sha256:1", Token);
        var instance = Store.Instance;
        var before = new[] { await FindAsync(1), await FindAsync(2), await FindAsync(3) };

        Restart();

        Assert.Equal(instance, Store.Instance);
        Assert.Equivalent(before, new[] { await FindAsync(1), await FindAsync(2), await FindAsync(3) });
        Assert.Null((await FindAsync(3)).Repos);
        Assert.Equal(["git.example/*"], (await FindAsync(4)).Repos);
        Assert.Empty((await FindAsync(5)).Repos!);
        Assert.Single(await ReadResultsAsync(ended.Id));
        Assert.Equal(new ImageRecord(Key, "sha256:1"), await Store.FindImageAsync(Key, Token));
        Assert.IsType<AddOutcome.Replayed>(await AddWithKeyAsync("k"));
        Assert.Equal(6, (await AddAsync()).Id);
    }

    [Fact]
    public void An_instance_is_named_by_twelve_hex_digits()
    {
        Assert.Matches("^[0-9a-f]{12}$", Store.Instance);
    }

    [Fact]
    public async Task Unfinished_are_those_at_work_and_those_whose_log_is_open()
    {
        var atWork = await AddRunningAsync();
        var declared = await AddRunningAsync();
        await Store.DeclareAsync(declared.Id, Succeeded, Token);
        var ended = await AddRunningAsync();
        await Store.SettleAsync(ended.Claim, Success(), Token);
        var ledElsewhere = await AddAsync();
        await Store.DeclareAsync(ledElsewhere.Id, Running, Token);
        await AddAsync();

        Restart();

        Assert.Equal(
            [atWork.Id, declared.Id],
            (await Store.ListUnfinishedAsync(Token)).Select(deployment => deployment.Id));
    }

    [Fact]
    public async Task Taking_over_to_repeat_begins_a_new_attempt_at_the_clone()
    {
        var running = await AddRunningAsync();
        await Store.EnterPhaseAsync(running.Claim, DeploymentPhase.Build, Token);

        var taken = await Store.TakeOverAsync(running.Claim, "worker-2", repeat: true, Token);

        Assert.NotNull(taken);
        Assert.Equal((2, DeploymentPhase.Clone), (taken.Attempt, taken.Phase));
        Assert.True(taken.Epoch > running.Epoch);
        Assert.Equal(
            [
                (1, DeploymentPhase.Clone, "succeeded"),
                (1, DeploymentPhase.Build, "failed"),
                (2, DeploymentPhase.Clone, "running"),
            ],
            taken.Phases.Select(phase => (phase.Attempt, phase.Name, phase.Status)));
        Assert.True(await Store.EnterPhaseAsync(taken.Claim, DeploymentPhase.Build, Token));
    }

    [Fact]
    public async Task Taking_over_to_adopt_goes_on_where_it_was()
    {
        var running = await AddRunningAsync();
        await Store.EnterPhaseAsync(running.Claim, DeploymentPhase.Run, Token);
        await Store.AskStartAsync(running.Claim, Token);

        var taken = await Store.TakeOverAsync(running.Claim, "worker-2", repeat: false, Token);

        Assert.NotNull(taken);
        Assert.Equal((1, DeploymentPhase.Run), (taken.Attempt, taken.Phase));
        Assert.True(await Store.SettleAsync(taken.Claim, Success(), Token));
    }

    [Fact]
    public async Task An_ended_one_with_an_open_log_can_be_taken_over_but_not_repeated()
    {
        var running = await AddRunningAsync();
        await Store.DeclareAsync(running.Id, Succeeded, Token);
        var declared = await FindAsync(running.Id);

        Assert.Null(await Store.TakeOverAsync(declared.Claim, "worker-2", repeat: true, Token));
        var taken = await Store.TakeOverAsync(declared.Claim, "worker-2", repeat: false, Token);

        Assert.True(taken?.Epoch > declared.Epoch);
        Assert.True(await Store.CloseAsync(running.Id, [], Token));
        Assert.Null(await Store.TakeOverAsync(taken.Claim, "worker-3", repeat: false, Token));
    }

    [Fact]
    public async Task Results_are_numbered_in_order_and_taken_after_the_end_too()
    {
        var running = await AddRunningAsync();
        await Store.ReportAsync(running.Id, "one\0", Token);
        await Store.SettleAsync(running.Claim, Success(new NewResult(ResultSource.Stdout, "two")), Token);
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await Store.ReportAsync(running.Id, "three", Token));
        Assert.False(await Store.ReportAsync(99, "lost", Token));

        var results = await Store.ReadResultsAsync(running.Id, Token);
        var now = Time.GetUtcNow();
        Assert.Equal(
            [
                new DeploymentResult(1, now.AddSeconds(-1), ResultSource.Report, "one\0", false),
                new DeploymentResult(2, now.AddSeconds(-1), ResultSource.Stdout, "two", false),
                new DeploymentResult(3, now, ResultSource.Report, "three", false),
            ],
            results);
    }

    [Fact]
    public async Task An_image_is_on_record_before_it_is_built_and_has_the_newest_id_after()
    {
        Assert.Null(await Store.FindImageAsync(Key, Token));

        await Store.RecordBuildAsync(Key, 1, Token);
        Assert.Equal(new ImageRecord(Key, null), await Store.FindImageAsync(Key, Token));

        await Store.RecordBuiltAsync(Key, "sha256:1", Token);
        await Store.RecordBuildAsync(Key, 2, Token);
        await Store.RecordBuiltAsync(Key, "sha256:2", Token);
        Assert.Equal("sha256:2", (await Store.FindImageAsync(Key, Token))?.ImageId);

        await Store.RecordBuiltAsync(Key, "sha256:1", Token);
        Assert.Equal("sha256:1", (await Store.FindImageAsync(Key, Token))?.ImageId);
    }
}
