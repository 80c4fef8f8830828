using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_makes_room_may_go_on_when_the_newer_one_has_ended_unless_that_was_up(bool comesUp)
    {
        var older = await AddServiceAsync(host: 8080);
        var elsewhere = await AddServiceAsync(host: 9090);
        await Services.BecomeUpAsync(older.Claim, Token);
        var newer = await AddServiceAsync(host: 8080);

        Assert.Equal([older.Id], await Services.AskToYieldAsync(newer.Claim, [8080], Token));
        var yielding = await FindAsync(older.Id);
        Assert.Null(await Services.BeginRunAnewAsync(older.Claim, 0, Token));
        if (comesUp)
        {
            await Services.BecomeUpAsync(newer.Claim, Token);
        }

        await Store.SettleAsync(newer.Claim, Failed(FailureCode.Unhealthy), Token);
        var now = await FindAsync(older.Id);
        var again = await Services.BeginRunAnewAsync(older.Claim, 0, Token);

        Assert.Equal((newer.Id, null), (yielding.YieldsTo, yielding.UpAt));
        Assert.Null(now.YieldsTo);
        Assert.Equal(comesUp ? newer.Id : null, now.SupersededBy);
        Assert.Equal(comesUp ? null : 2, again?.Attempt);
        Assert.Null((await FindAsync(elsewhere.Id)).YieldsTo);
    }

    [Fact]
    public async Task One_that_comes_to_run_beside_a_newer_one_on_its_port_makes_room_until_that_has_failed()
    {
        var older = await AddServiceAsync(host: 8080);
        var newer = await AddServiceAsync(host: 8080);
        await AddServiceAsync(url: "https://git.example/other.git", host: 8080);

        Assert.Null(await Services.AskToYieldAsync(older.Claim, [8080], Token));
        var yielding = await FindAsync(older.Id);
        Assert.Equal([older.Id], await Services.AskToYieldAsync(newer.Claim, [8080], Token));
        await Store.SettleAsync(newer.Claim, Failed(FailureCode.Unhealthy), Token);

        Assert.Equal((newer.Id, null), (yielding.YieldsTo, yielding.SupersededBy));
        Assert.NotNull(await Services.BeginRunAnewAsync(older.Claim, 0, Token));
        Assert.Empty((await Services.AskToYieldAsync(older.Claim, [8080], Token))!);
    }

    [Theory]
    [InlineData(8080)]
    [InlineData(null)]
    public async Task One_that_comes_to_run_after_a_newer_one_was_up_is_superseded_before_it_is_started(int? port)
    {
        var older = await AddRunningAsync(Options() with { Branch = "main" });
        var newer = await AddServiceAsync(host: 8080);
        await Services.BecomeUpAsync(newer.Claim, Token);
        await RunAsServiceAsync(older, "main", port is { } host ? [new PublishedPort(8080, host)] : []);
        var ring = Bell.Next(older.Id);

        Assert.Null(await Services.AskToYieldAsync(older.Claim, port is { } one ? [one] : [], Token));

        var now = await FindAsync(older.Id);
        Assert.Equal((newer.Id, null), (now.SupersededBy, now.YieldsTo));
        Assert.True(ring.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Nobody_takes_a_turn_with_a_claim_that_is_stale()
    {
        var service = await AddServiceAsync(host: 8080);

        Assert.Null(await Services.AskToYieldAsync(service.Claim with { Epoch = service.Epoch - 1 }, [8080], Token));
    }

    [Fact]
    public async Task One_that_makes_room_is_listed_until_the_newer_one_is_up()
    {
        var older = await AddServiceAsync(host: 8080);
        await Services.BecomeUpAsync(older.Claim, Token);
        var newer = await AddServiceAsync(host: 8080);

        Assert.Equal([older.Id], await Services.AskToYieldAsync(newer.Claim, [8080], Token));
        Assert.Equal([older.Id], await ListServicesAsync());

        await Services.BecomeUpAsync(newer.Claim, Token);
        Assert.Equal([newer.Id], await ListServicesAsync());
    }
}
