using Speed.Deployments;
using Speed.Tests.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>What is left out is taken over, with the commit, once, from the service whose place it is.</summary>
public abstract partial class StoreContract
{
    private static DeploymentOptions Everything => InheritanceTests.Everything with { Url = Plain };

    private static DeploymentOptions Bare => Options(Plain) with { Inherit = true };

    public static TheoryData<string> MembersTakenOver => [.. Inheritance.Members];

    [Theory]
    [MemberData(nameof(MembersTakenOver))]
    public async Task A_member_that_is_given_as_an_empty_one_is_given_up_and_all_others_are_taken_over(string member)
    {
        var older = await AddUpAsync(Everything);

        var newer = await AddResolvedAsync(Bare with { Given = [member] });

        Assert.Equal(
            Inheritance.Members.Except([member]), newer.TakenOver!.Members.Order(StringComparer.Ordinal));
        Assert.Equal(older.Id, newer.TakenOver.From);
        Assert.Equal(JsonOf(newer.TakenOver.ApplyTo(newer.Asked)), JsonOf(newer.Options));
        Assert.Equal(JsonOf(Bare with { Given = [member] }), JsonOf(newer.Asked));
    }

    [Fact]
    public async Task It_has_all_of_it_after_a_restart_of_the_store_and_was_asked_for_as_it_was_asked_for()
    {
        await AddUpAsync(Everything);
        var newer = await AddResolvedAsync(Bare with { Branch = null });
        Restart();

        var read = await FindAsync(newer.Id);

        Assert.Equal(JsonOf(Everything with { Branch = null }), JsonOf(read.Options));
        Assert.Equal(JsonOf(Bare with { Branch = null }), JsonOf(read.AsCreated().Options));
        Assert.Null(read.AsCreated().TakenOver);
    }

    [Fact]
    public async Task The_next_one_takes_over_what_was_taken_over_and_one_that_asks_for_a_fresh_one_ends_that()
    {
        await AddUpAsync(Everything);
        var second = await AddUpAsync(Bare with { Volumes = [], Given = ["volumes"] });
        var third = await AddUpAsync(Bare);

        Assert.Equal(second.Id, third.TakenOver!.From);
        Assert.Equal(Inheritance.Members.Except(["volumes"]), third.TakenOver.Members.Order(StringComparer.Ordinal));

        await AddUpAsync(Bare with { Inherit = false });
        Assert.Null((await AddResolvedAsync(Bare)).TakenOver);
    }

    [Fact]
    public async Task Only_the_same_service_is_taken_over_from()
    {
        await AddUpAsync(Everything);

        Assert.Null((await AddResolvedAsync(Bare with { Name = "worker" })).TakenOver);
        Assert.Null((await AddResolvedAsync(Bare with { Subdirectory = "api" })).TakenOver);
        Assert.Null((await AddResolvedAsync(Bare with { Branch = null }, "dev")).TakenOver);
        Assert.Null((await AddResolvedAsync(Options("http://git.example/team/app") with { Inherit = true })).TakenOver);
        Assert.NotNull((await AddResolvedAsync(Options("git@git.example:team/app.git") with { Inherit = true })).TakenOver);
    }

    [Fact]
    public async Task Of_several_the_newest_that_was_up_is_taken_over_from_though_it_waits_to_be_started_again_or_crashed()
    {
        var older = await AddUpAsync(Everything);
        await Store.SettleAsync((await AddResolvedAsync(Everything with { Hosts = ["never.example.org"] })).Claim, Failed(), Token);
        Assert.Equal(older.Id, (await AddResolvedAsync(Bare)).TakenOver?.From);

        await Services.GoDownAsync(older.Claim, new Restarting(RestartReason.Exit, 9, 1, 1), Token);
        Assert.Equal(older.Id, (await AddResolvedAsync(Bare)).TakenOver?.From);

        await Store.SettleAsync(older.Claim, Failed(), Token);
        Assert.Equal(older.Id, (await AddResolvedAsync(Bare)).TakenOver?.From);
    }

    [Fact]
    public async Task One_that_was_canceled_hides_those_before_it()
    {
        var crashed = await AddUpAsync(Everything);
        await Store.SettleAsync(crashed.Claim, Failed(), Token);
        var canceled = await AddUpAsync(Bare);
        await Store.RequestCancelAsync(canceled.Id, "api", null, Token);

        Assert.Null((await AddResolvedAsync(Bare)).TakenOver);
    }

    [Fact]
    public async Task It_is_decided_once_and_by_nobody_whose_claim_is_stale()
    {
        var fresh = await AddResolvedAsync(Bare);
        await AddUpAsync(Everything, fresh);
        var newer = await AddRunningAsync(Bare);

        Assert.False(await Store.RecordCommitAsync(newer.Claim with { Epoch = 9 }, "main", SomeCommit, Token));
        Assert.Null((await FindAsync(newer.Id)).TakenOver);
        Assert.True(await Store.RecordCommitAsync(newer.Claim, "main", SomeCommit, Token));
        var again = await Store.TakeOverAsync(newer.Claim, "worker-2", repeat: true, Token);
        await AddUpAsync(Everything with { Hosts = ["later.example.org"] });
        await Store.RecordCommitAsync(again!.Claim, "main", SomeCommit, Token);

        Assert.Equal(["app.example.org"], (await FindAsync(newer.Id)).Options.Hosts);
    }

    [Fact]
    public async Task What_began_with_nothing_to_take_over_takes_nothing_in_a_later_attempt()
    {
        var first = await AddResolvedAsync(Bare);
        var again = await Store.TakeOverAsync(first.Claim, "worker-2", repeat: true, Token);
        await Store.RecordCommitAsync(again!.Claim, "main", SomeCommit, Token);

        Assert.Null((await FindAsync(first.Id)).TakenOver);
    }

    [Fact]
    public async Task Resources_are_bound_by_what_the_operator_allows_now()
    {
        await AddUpAsync(Everything);
        var newer = await AddRunningAsync(Bare);

        await Store.RecordCommitAsync(
            newer.Claim, "main", SomeCommit, new Resources { MemoryMb = 1_500, Cpus = 1, Pids = 64 }, Token);

        Assert.Equal(new Resources { MemoryMb = 1_500, Cpus = 1, Pids = 64 }, (await FindAsync(newer.Id)).Options.Resources);
    }

    [Fact]
    public async Task A_request_that_comes_again_is_the_same_one_by_what_was_asked_for()
    {
        await AddUpAsync(Everything);
        var first = Assert.IsType<AddOutcome.Added>(await AddWithKeyAsync("key", Bare)).Deployment;
        await Store.RecordCommitAsync((await Store.ClaimNextAsync("worker-1", Token))!.Claim, "main", SomeCommit, Token);

        Assert.Equal(first.Id, Assert.IsType<AddOutcome.Replayed>(await AddWithKeyAsync("key", Bare)).Deployment.Id);
        Assert.IsType<AddOutcome.KeyReused>(await AddWithKeyAsync("key", Bare with { Given = ["volumes"] }));
        Assert.IsType<AddOutcome.KeyReused>(await AddWithKeyAsync("key", Bare with { Inherit = false }));

        // As it was stored before there was a choice.
        await AddWithKeyAsync("old", Options(Plain));
        Assert.IsType<AddOutcome.Replayed>(await AddWithKeyAsync("old", Bare with { Given = ["env"] }));
    }

    [Fact]
    public async Task A_retry_has_what_it_repeats_had_and_takes_nothing_over()
    {
        var older = await AddUpAsync(Everything);
        var newer = await AddResolvedAsync(Bare);
        await Store.SettleAsync(newer.Claim, Failed(), Token);
        var other = await AddUpAsync(Everything with { Hosts = ["other.example.org"] });
        Assert.Equal(other.Id, (await FindAsync(older.Id)).SupersededBy);

        var repeated = (await FindAsync(newer.Id)).RetryOptions!;
        var retry = await AddResolvedAsync(repeated);

        Assert.Equal(["app.example.org"], retry.Options.Hosts);
        Assert.Null(retry.TakenOver);
        Assert.Equal(JsonOf(newer.Options with { Commit = SomeCommit, Inherit = false }), JsonOf(retry.Options));
    }

    [Fact]
    public async Task Host_names_and_volumes_that_were_taken_over_are_as_good_as_those_that_were_asked_for()
    {
        var volumes = Assert.IsType<IVolumeStore>(Store, exactMatch: false);
        var older = await AddUpAsync(Everything);
        var data = await volumes.TakeVolumesAsync(older.Id, Token);
        var newer = await AddUpAsync(Bare);
        var stranger = await AddUpAsync("stranger", "app.example.org");
        await Store.SettleAsync(older.Claim, Stopped(), Token);
        await Store.DeleteAsync(older.Id, Token);

        Assert.Equal(newer.Id, await Services.FindEldestAsync([stranger.Id, newer.Id], "app.example.org", Token));
        Assert.Equal(
            data.Select(one => one.EngineName), (await volumes.TakeVolumesAsync(newer.Id, Token)).Select(one => one.EngineName));
    }

    private async Task<Deployment> AddResolvedAsync(DeploymentOptions options, string branch = "main")
    {
        var added = await AddRunningAsync(options);
        Assert.True(await Store.RecordCommitAsync(added.Claim, branch, SomeCommit, Token));
        return await FindAsync(added.Id);
    }

    private async Task<Deployment> AddUpAsync(DeploymentOptions options, Deployment? over = null)
    {
        if (over is not null)
        {
            await Store.SettleAsync(over.Claim, Failed(), Token);
        }

        var service = await AddRunningAsync(options);
        await RunAsServiceAsync(service, "main", []);
        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(service.Claim, Token));
        return await FindAsync(service.Id);
    }

    private static string JsonOf(DeploymentOptions options) =>
        System.Text.Json.JsonSerializer.Serialize(options, DeploymentOptions.Json);
}
