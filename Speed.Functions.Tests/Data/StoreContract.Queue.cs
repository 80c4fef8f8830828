using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    [Fact]
    public async Task A_new_deployment_waits_with_all_that_was_asked_for()
    {
        var options = Options() with { Env = new Dictionary<string, string> { ["B"] = "2", ["A"] = "1", ["a"] = "3" } };

        var added = await AddAsync(options);

        var found = await FindAsync(added.Id);
        Assert.Equal((Pending, 1L, 0, 0L), (found.Status, found.Version, found.Attempt, found.Epoch));
        Assert.Equal(Time.GetUtcNow(), found.CreatedAt);
        Assert.Equal(found.CreatedAt + options.Total, found.DeadlineAt);
        Assert.Equal("main", found.Branch);
        Assert.Equal(options.Env, found.Options.Env.ToDictionary());
        Assert.Equal(options.Url, found.Options.Url);
        Assert.NotEqual(Guid.Empty, found.WorkerId);
        Assert.Empty(found.Phases);
    }

    [Fact]
    public async Task A_run_without_a_limit_has_no_deadline()
    {
        var added = await AddAsync(Options(timeouts: new Timeouts { RunSeconds = 0 }));

        Assert.Null(added.DeadlineAt);
    }

    [Fact]
    public async Task What_is_not_there_is_null()
    {
        Assert.Null(await Store.FindAsync(1, Token));
        Assert.Null(await Store.ReadResultsAsync(1, Token));
        Assert.Null(await Store.ClaimNextAsync("worker-1", Token));
        Assert.Null(await Store.NextDueAsync(Token));
    }

    [Fact]
    public async Task The_oldest_is_claimed_first_and_starts_to_clone()
    {
        var first = await AddAsync();
        await AddAsync();

        var claimed = await Store.ClaimNextAsync("worker-1", Token);

        Assert.NotNull(claimed);
        Assert.Equal(first.Id, claimed.Id);
        Assert.Equal((Running, DeploymentPhase.Clone, 1), (claimed.Status, claimed.Phase, claimed.Attempt));
        Assert.Equal(Time.GetUtcNow(), claimed.StartedAt);
        Assert.Equal(
            new PhaseRecord(DeploymentPhase.Clone, 1, Time.GetUtcNow(), null, "running"),
            Assert.Single(claimed.Phases));
        Assert.True(claimed.Epoch > first.Epoch && claimed.Version > first.Version);
    }

    [Fact]
    public async Task Two_claimers_never_get_the_same_one()
    {
        for (var i = 0; i < 40; i++)
        {
            await AddAsync();
        }

        var claims = await Task.WhenAll(Enumerable.Range(0, 60)
            .Select(i => Task.Run(() => Store.ClaimNextAsync($"worker-{i}", Token))));

        var ids = claims.OfType<Deployment>().Select(claimed => claimed.Id).ToList();
        Assert.Equal(40, ids.Count);
        Assert.Equal(40, ids.Distinct().Count());
    }

    [Fact]
    public async Task Those_ahead_are_the_pending_ones_created_before()
    {
        var (first, second, third) = (await AddAsync(), await AddAsync(), await AddAsync());
        Assert.Equal([0, 1, 2], await AheadOfAsync(first, second, third));

        await Store.ClaimNextAsync("worker-1", Token);

        Assert.Equal([1, 0, 0], await AheadOfAsync(third, first, second));
        Assert.Empty(await AheadOfAsync());
    }

    [Fact]
    public async Task A_full_queue_takes_no_more_until_one_leaves_it()
    {
        await AddAsync();
        await AddAsync();

        var refused = await Store.AddAsync(new NewDeployment(Options(), null, 2), Token);
        await Store.ClaimNextAsync("worker-1", Token);
        var taken = await Store.AddAsync(new NewDeployment(Options(), null, 2), Token);

        Assert.IsType<AddOutcome.QueueFull>(refused);
        Assert.IsType<AddOutcome.Added>(taken);
    }

    [Fact]
    public async Task A_repeated_key_gets_the_first_deployment_even_when_the_queue_is_full()
    {
        var one = Options() with { Env = new Dictionary<string, string> { ["A"] = "1", ["B"] = "2" } };
        var same = Options() with { Env = new Dictionary<string, string> { ["B"] = "2", ["A"] = "1" } };
        var first = Assert.IsType<AddOutcome.Added>(await AddWithKeyAsync("k", one));

        var again = await Store.AddAsync(new NewDeployment(same, "k", 1), Token);

        Assert.Equal(first.Deployment.Id, Assert.IsType<AddOutcome.Replayed>(again).Deployment.Id);
    }

    [Fact]
    public async Task A_key_with_other_options_is_refused()
    {
        await AddWithKeyAsync("k");

        Assert.IsType<AddOutcome.KeyReused>(await AddWithKeyAsync("k", Options("https://git.example/other.git")));
    }

    [Fact]
    public async Task A_key_is_forgotten_after_a_day()
    {
        await AddWithKeyAsync("k");

        Time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        Assert.IsType<AddOutcome.Replayed>(await AddWithKeyAsync("k"));

        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.IsType<AddOutcome.Added>(await AddWithKeyAsync("k"));
    }

    [Fact]
    public async Task The_same_key_at_once_makes_one_deployment()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => AddWithKeyAsync("k"))));

        Assert.Single(outcomes.OfType<AddOutcome.Added>());
        Assert.Equal(19, outcomes.OfType<AddOutcome.Replayed>().Count());
    }

    [Fact]
    public async Task The_bell_rings_when_one_enters_the_queue_and_when_it_leaves()
    {
        var entered = Bell.Next(Bell.Queue);
        var added = await AddAsync();
        Assert.True(entered.IsCompletedSuccessfully);

        var (left, changed) = (Bell.Next(Bell.Queue), Bell.Next(added.Id));
        await Store.ClaimNextAsync("worker-1", Token);
        Assert.True(left.IsCompletedSuccessfully && changed.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task One_past_its_queue_time_is_overdue_and_no_longer_claimed()
    {
        var late = await AddAsync(Options(timeouts: new Timeouts { QueueSeconds = 10 }));
        var later = await AddAsync(Options(timeouts: new Timeouts { QueueSeconds = 20 }));
        Assert.Equal(TimeSpan.FromSeconds(10), await Store.NextDueAsync(Token));
        Assert.Empty(await Store.ListOverdueAsync(Token));

        Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(late.Id, Assert.Single(await Store.ListOverdueAsync(Token)).Id);
        Assert.Equal(later.Id, (await Store.ClaimNextAsync("worker-1", Token))?.Id);
        Assert.True(await Store.SettleAsync(late.Claim, Failed(FailureCode.QueueTimeout), Token));
        Assert.Empty(await Store.ListOverdueAsync(Token));
        Assert.Null(await Store.NextDueAsync(Token));
    }

    private async Task<IEnumerable<int>> AheadOfAsync(params Deployment[] deployments)
    {
        var ahead = await Store.CountAheadAsync([.. deployments.Select(deployment => deployment.Id)], Token);
        return deployments.Select(deployment => ahead[deployment.Id]);
    }
}
