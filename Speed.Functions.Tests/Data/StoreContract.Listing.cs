using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    private const string OtherUrl = "https://git.example/team/other.git";

    [Fact]
    public async Task Every_filter_gives_page_by_page_just_what_it_lets_through()
    {
        var all = await AddOfEveryKindAsync();
        var filters =
            from status in new DeploymentStatus?[] { null, Pending, Running, Succeeded, Canceled }
            from url in new[] { null, Url, OtherUrl, "https://git.example/none.git" }
            from branch in new[] { null, "main", "dev" }
            from repos in new string[][][] { [], [["git.example/*"]], [["*/team/*", "x"], ["git.example/*"]], [["nobody"]] }
            select new DeploymentFilter
            {
                Status = status,
                Identity = url is null ? null : RepositoryIdentity.Of(url),
                Branch = branch,
                Repos = repos,
                Limit = 4,
            };

        foreach (var filter in filters)
        {
            var expected = all.Where(one =>
                (filter.Status is null || one.Status == filter.Status)
                && (filter.Identity is null || one.Identity == filter.Identity)
                && (filter.Branch is null || one.Branch == filter.Branch)
                && filter.SeesRepository(one.Identity));

            Assert.Equal(
                expected.Select(one => one.Id).OrderDescending(),
                (await ListAllAsync(filter)).Select(one => one.Id));
        }
    }

    [Fact]
    public async Task A_listed_deployment_is_as_it_is_found()
    {
        var running = await AddRunningAsync();

        var page = await Store.ListAsync(new DeploymentFilter { Limit = 10 }, Token);

        var listed = Assert.Single(page.Items);
        Assert.Equal(
            (running.Id, running.WorkerId, running.Version, running.Phase),
            (listed.Id, listed.WorkerId, listed.Version, listed.Phase));
        Assert.Equal(running.Phases, listed.Phases);
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task What_is_added_or_deleted_between_two_pages_moves_nothing()
    {
        for (var n = 0; n < 6; n++)
        {
            await EndAsync(await AddRunningAsync());
        }

        var first = await Store.ListAsync(new DeploymentFilter { Limit = 2 }, Token);
        await AddAsync();
        await Store.DeleteAsync(5, Token);
        await Store.DeleteAsync(4, Token);
        var second = await Store.ListAsync(new DeploymentFilter { Limit = 2, Before = first.Next!.Value }, Token);

        Assert.Equal([6, 5], first.Items.Select(one => one.Id));
        Assert.Equal([3, 2], second.Items.Select(one => one.Id));
    }

    [Fact]
    public async Task The_queue_has_those_at_work_then_those_that_wait_with_what_their_like_usually_took()
    {
        foreach (var seconds in new[] { 1_000, 10, 20, 10, 20, 10, 20, 10, 20, 10, 20 })
        {
            var run = await AddRunningAsync(Options(Url));
            Time.Advance(TimeSpan.FromSeconds(seconds));
            await Store.SettleAsync(run.Claim, seconds == 10 ? Failed() : Success(), Token);
        }

        var stopped = await AddRunningAsync(Options(Url));
        await Store.RequestCancelAsync(stopped.Id, "api", null, Token);
        await Store.SettleAsync(stopped.Claim, Stopped(), Token);
        await Store.DeclareAsync((await AddAsync(Options(Url))).Id, Running, Token);
        var running = await AddRunningAsync(Options(Url));
        var waiting = await AddAsync(Options(OtherUrl));
        var last = await AddAsync(Options(Url));
        await AddAsync(Options(Url) with { Branch = null });

        var queue = await Store.ReadQueueAsync(2, Token);

        Assert.Equal([running.Id, waiting.Id, last.Id], queue.Select(entry => entry.Id));
        var usual = TimeSpan.FromSeconds(15);
        Assert.Equal([usual, null, usual], queue.Select(entry => entry.Usual));
        Assert.Equal(
            new QueuedDeployment(
                running.Id, Url, "main", Running, DeploymentPhase.Clone, running.CreatedAt, running.StartedAt, usual),
            queue[0]);
        Assert.Equal(4, (await Store.ReadQueueAsync(100, Token)).Count);
    }

    private async Task<List<Deployment>> AddOfEveryKindAsync()
    {
        foreach (var n in Enumerable.Range(0, 40))
        {
            var added = await AddAsync(Options(n % 3 == 0 ? OtherUrl : Url) with { Branch = n % 4 == 0 ? "dev" : "main" });
            if (n % 5 != 4)
            {
                await Store.DeclareAsync(added.Id, (DeploymentStatus)(n % 5), Token);
            }
        }

        var all = new List<Deployment>();
        for (var id = 1; id <= 40; id++)
        {
            all.Add(await FindAsync(id));
        }

        return all;
    }

    private async Task<List<Deployment>> ListAllAsync(DeploymentFilter filter)
    {
        var all = new List<Deployment>();
        for (long? next = filter.Before; next is { } before;)
        {
            var page = await Store.ListAsync(filter with { Before = before }, Token);
            Assert.True(page.Items.Count == filter.Limit || page.Next is null);
            all.AddRange(page.Items);
            next = page.Next;
        }

        return all;
    }
}
