using Speed.Deployments;
using Speed.Hooks;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Of_one_caller_so_many_wait_and_those_of_others_still_get_in()
    {
        await AddOfAsync("a", most: 2);
        await AddOfAsync("a", most: 2);
        await AddOfAsync("b", most: 2);

        Assert.True(Assert.IsType<AddOutcome.QueueFull>(await TryAddOfAsync("a", most: 2)).OfCaller);
        Restart();
        Assert.True(Assert.IsType<AddOutcome.QueueFull>(await TryAddOfAsync("a", most: 2)).OfCaller);
        Assert.False(Assert.IsType<AddOutcome.QueueFull>(await TryAddOfAsync("c", most: 2, ofAll: 3)).OfCaller);
        var waiting = await AddOfAsync("b", most: 2);
        await Store.ClaimNextAsync("worker-1", Token);
        await AddOfAsync("a", most: 2);
        Assert.IsType<AddOutcome.QueueFull>(await TryAddOfAsync("a", most: 2));
        await Store.RequestCancelAsync(waiting.Id, "api", null, Token);
        await AddOfAsync("b", most: 2);
        Assert.IsType<AddOutcome.QueueFull>(await TryAddOfAsync("b", most: 2));
    }

    [Fact]
    public async Task A_hook_is_told_whether_the_queue_is_full_or_its_own_share_of_it()
    {
        var hooks = Assert.IsType<IHookStore>(Store, exactMatch: false);
        var hook = new Hook("site", Forge.Github, "https://git.example/hello.git", ["*"], [], "{}", Time.GetUtcNow());
        await hooks.AddHookAsync(new SealedHook(hook, [1]), Token);

        Assert.NotNull((await PushAsync("1", "hook:site", 10)).Record);
        Assert.Equal((null, true), Told(await PushAsync("2", "hook:site", 10)));
        Assert.Equal((null, false), Told(await PushAsync("3", "hook:site", 1)));
        await hooks.DeleteHookAsync("site", Token);
        Assert.Equal((null, null), Told(await PushAsync("4", "hook:site", 10)));

        Task<(Delivery? Record, AddOutcome.QueueFull? Full)> PushAsync(string id, string by, int ofAll) => hooks.StartAsync(
            new NewHookDelivery("site", id, "push", []), "pushed",
            new NewDeployment(Options(), null, ofAll) { DeployedBy = by, MaxQueuedOfCaller = 1 }, Token);

        static (long?, bool?) Told((Delivery? Record, AddOutcome.QueueFull? Full) answer) =>
            (answer.Record?.DeploymentId, answer.Full?.OfCaller);
    }

    [Fact]
    public async Task Those_whose_caller_has_its_share_of_the_slots_are_passed_over_in_order_and_nobody_else_waits_for_them()
    {
        var ids = new List<long>();
        foreach (var caller in new[] { "a", "a", "a", "b", "a", "b", "", "" })
        {
            ids.Add((await AddOfAsync(caller)).Id);
        }

        Assert.Equal(ids[0], await ClaimAsync());
        Assert.Equal(ids[3], await ClaimAsync(ids[0]));
        Restart();
        Assert.Equal(ids[6], await ClaimAsync(ids[0], ids[3]));
        Assert.Equal(ids[7], await ClaimAsync(ids[0], ids[3], ids[6]));
        Assert.Null(await ClaimAsync(ids[0], ids[3], ids[6], ids[7]));
        Assert.Equal(ids[5], await ClaimAsync(ids[0], ids[6], ids[7]));
        Assert.Equal(ids[1], await ClaimAsync(ids[5]));
        Assert.Equal(ids[2], await ClaimOfAsync(2, ids[1]));
        Assert.Null(await ClaimOfAsync(2, ids[1], ids[2]));
        Assert.Equal(ids[4], (await Store.ClaimNextAsync("worker-1", Token))?.Id);

        Task<long?> ClaimAsync(params long[] holders) => ClaimOfAsync(1, holders);
    }

    [Fact]
    public async Task One_past_its_queue_time_is_no_longer_claimed_among_shares_either()
    {
        await AddOfAsync("a", options: Options(timeouts: new Timeouts { QueueSeconds = 10 }));
        var later = await AddOfAsync("a", options: Options(timeouts: new Timeouts { QueueSeconds = 20 }));
        Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(later.Id, await ClaimOfAsync(1));
        Assert.Null(await ClaimOfAsync(1));
    }

    [Fact]
    public async Task The_queue_tells_who_asked_for_each()
    {
        await AddOfAsync("a");
        await AddOfAsync("b");
        await Store.ClaimNextAsync("worker-1", Token);

        Assert.Equal(["a", "b"], (await Store.ReadQueueAsync(10, Token)).Select(entry => entry.DeployedBy));
    }

    private async Task<long?> ClaimOfAsync(int most, params long[] holders) =>
        (await Store.ClaimNextAsync("worker-1", new SlotShare(most, holders), Token))?.Id;

    private async Task<Deployment> AddOfAsync(string caller, int most = 100, DeploymentOptions? options = null) =>
        Assert.IsType<AddOutcome.Added>(await TryAddOfAsync(caller, most, options: options)).Deployment;

    private Task<AddOutcome> TryAddOfAsync(string caller, int most, int ofAll = 100, DeploymentOptions? options = null) =>
        Store.AddAsync(
            new NewDeployment(options ?? Options(), null, ofAll) { DeployedBy = caller, MaxQueuedOfCaller = most }, Token);
}
