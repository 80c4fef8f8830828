using Speed.Deployments;
using Speed.Hooks;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>A repository is one, however it is spelled; a service's name makes it another one.</summary>
public abstract partial class StoreContract
{
    private const string Plain = "https://git.example/team/app";

    public static TheoryData<string> SpellingsOfPlain =>
    [
        "https://git.example/team/app.git", "https://GIT.example:443/team/app.git/", "git@git.example:team/app.git",
        "ssh://git@git.example:22/team/app", "https://git.example/te%61m/app",
    ];

    public static TheoryData<string> OthersThanPlain =>
    [
        "http://git.example/team/app", "https://git.example:8443/team/app", "deploy@git.example:team/app",
        "ssh://deploy@git.example/team/app", "https://git.example/team/App",
    ];

    [Theory]
    [MemberData(nameof(SpellingsOfPlain))]
    public async Task A_service_of_another_spelling_takes_the_place_the_port_and_the_names_of_the_older_one(string url)
    {
        var older = await AddServiceAsync(Plain, host: 1111);
        await Services.BecomeUpAsync(older.Claim, Token);
        var newer = await AddServiceAsync(url);

        Assert.Equal([new PublishedPort(8080, 1111)], await Services.FindKeptEndpointsAsync(newer.Id, Token));
        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(newer.Claim, Token));

        Assert.Equal(newer.Id, (await FindAsync(older.Id)).SupersededBy);
        Assert.Equal([older.Id], (await Services.ListReplacedAsync(newer.Id, Token)).Select(one => one.Id));
        Assert.Equal([newer.Id], await ListServicesAsync());
        Assert.Equal(older.OwnHosts, newer.OwnHosts);
        Assert.Equal("app-main.localhost", newer.BriefHost);
    }

    [Theory]
    [MemberData(nameof(OthersThanPlain))]
    public async Task A_service_of_another_repository_leaves_it_up(string url)
    {
        var one = await AddServiceAsync(Plain);
        var other = await AddServiceAsync(url);
        await Services.BecomeUpAsync(one.Claim, Token);
        await Services.BecomeUpAsync(other.Claim, Token);

        Assert.Equal([one.Id, other.Id], await ListServicesAsync());
        Assert.Empty(one.OwnHosts.Intersect(other.OwnHosts));
    }

    [Fact]
    public async Task Services_of_two_names_are_two_and_each_takes_its_own_place()
    {
        var plain = await AddNamedAsync("");
        var web = await AddNamedAsync("web");
        var worker = await AddNamedAsync("worker");
        Assert.Equal([plain.Id, web.Id, worker.Id], await ListServicesAsync());

        var next = await AddNamedAsync("worker");

        Assert.Equal([plain.Id, web.Id, next.Id], await ListServicesAsync());
        Assert.Equal(worker.OwnHosts, next.OwnHosts);
        Assert.Equal("app-main-worker.localhost", next.BriefHost);
        Assert.Equal(3, new[] { plain, web, worker }.SelectMany(one => one.OwnHosts).Distinct().Count());
    }

    [Fact]
    public async Task The_history_the_queue_the_hooks_and_the_logs_of_a_repository_are_one()
    {
        var ids = new List<long>();
        foreach (var url in SpellingsOfPlain.Select(row => row.Data))
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            var one = await AddRunningAsync(Options(url) with { Branch = "main" });
            Time.Advance(TimeSpan.FromSeconds(10));
            await Store.SettleAsync(one.Claim, Failed(), Token);
            ids.Add(one.Id);
        }

        await AddAsync(Options(OthersThanPlain.First().Data) with { Branch = "main" });
        var waiting = await AddAsync(Options(Plain) with { Branch = "main" });

        var filter = new DeploymentFilter { Identity = RepositoryIdentity.Of("git@git.example:/team/app"), Limit = 10 };
        Assert.Equal([waiting.Id, .. ids.AsEnumerable().Reverse()], (await Store.ListAsync(filter, Token)).Items.Select(one => one.Id));
        var queue = await Store.ReadQueueAsync(10, Token);
        Assert.Equal([null, TimeSpan.FromSeconds(10)], queue.Select(entry => entry.Usual));
        Assert.Equal([ids[0]], await Store.PickBeyondLatestAsync(ids, ids.Count - 1, Token));
    }

    [Fact]
    public async Task The_images_of_a_repository_are_counted_together()
    {
        var number = 0;
        foreach (var url in SpellingsOfPlain.Select(row => row.Data))
        {
            var (key, image) = ($"{++number}".PadLeft(64, '0'), $"sha256:{number}");
            var one = await AddRunningAsync(Options(url));
            await Store.RecordBuildAsync(key, one.Id, Token);
            await Store.RecordBuiltAsync(key, image, Token);
            await Store.RecordCommitAsync(one.Claim, "main", SomeCommit, Token);
            await Store.EnterPhaseAsync(one.Claim, DeploymentPhase.Build, Token);
            await Store.RecordImageAsync(one.Claim, image, Token);
            await Store.SettleAsync(one.Claim, Failed(), Token);
        }

        var unneeded = await Store.ListUnneededImagesAsync(keep: 2, most: 10, Token);

        Assert.Equal(["sha256:1", "sha256:2", "sha256:3"], unneeded.Select(image => image.ImageId));
    }

    [Fact]
    public async Task A_request_that_comes_again_with_another_spelling_is_the_same_one()
    {
        var first = Assert.IsType<AddOutcome.Added>(await AddWithKeyAsync("key", Options(Plain)));

        var again = await AddWithKeyAsync("key", Options(Plain + ".git"));
        var other = await AddWithKeyAsync("key", Options("http://git.example/team/app"));
        var named = await AddWithKeyAsync("key", Options(Plain) with { Name = "worker" });

        Assert.Equal(first.Deployment.Id, Assert.IsType<AddOutcome.Replayed>(again).Deployment.Id);
        Assert.IsType<AddOutcome.KeyReused>(other);
        Assert.IsType<AddOutcome.KeyReused>(named);
    }

    [Fact]
    public async Task What_a_hook_started_of_a_branch_is_found_by_its_repository()
    {
        var hooks = Assert.IsType<IHookStore>(Store, exactMatch: false);
        var hook = new Hook("site", Forge.Github, Plain, ["*"], [], "{}", Time.GetUtcNow());
        await hooks.AddHookAsync(new SealedHook(hook, [1]), Token);
        var wish = new NewDeployment(Options(Plain + ".git") with { Branch = "main" }, null, 10);
        var (started, _) = await hooks.StartAsync(new NewHookDelivery("site", "1", "push", []), "pushed", wish, Token);

        Assert.Equal([started!.DeploymentId!.Value], await hooks.ListLiveAsync("site", hook.Identity, "main", Token));
        Assert.Empty(await hooks.ListLiveAsync("site", RepositoryIdentity.Of("http://git.example/team/app"), "main", Token));
    }

    private async Task<Deployment> AddNamedAsync(string name)
    {
        var service = await AddRunningAsync(Options(Plain) with { Branch = "main", Name = name });
        await RunAsServiceAsync(service, "main", []);
        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(service.Claim, Token));
        return await FindAsync(service.Id);
    }
}
