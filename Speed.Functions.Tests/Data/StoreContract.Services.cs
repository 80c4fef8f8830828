using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    private static readonly Restarting Exited = new(RestartReason.Exit, 9, 1, 1);

    private IServiceStore Services => Assert.IsType<IServiceStore>(Store, exactMatch: false);

    [Fact]
    public async Task Coming_up_takes_the_place_of_the_older_ones_of_its_like_and_of_nobody_else()
    {
        var older = await AddServiceAsync();
        var stranger = await AddServiceAsync(url: "https://git.example/other.git");
        var otherBranch = await AddServiceAsync(branch: "dev");
        var otherFolder = await AddServiceAsync(subdirectory: "api");
        var newer = await AddServiceAsync();
        foreach (var one in new[] { older, stranger, otherBranch, otherFolder })
        {
            Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(one.Claim, Token));
        }

        var ring = Bell.Next(older.Id);
        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(newer.Claim, Token));

        Assert.True(ring.IsCompletedSuccessfully);
        Assert.Equal(newer.Id, (await FindAsync(older.Id)).SupersededBy);
        Assert.Equal([stranger.Id, otherBranch.Id, otherFolder.Id, newer.Id], await ListServicesAsync());
    }

    [Fact]
    public async Task The_port_that_the_proxy_asks_is_recorded_once_and_stays_over_attempts()
    {
        var service = await AddServiceAsync();

        Assert.True(await Services.RecordProxyPortAsync(service.Claim, 9090, Token));
        Assert.True(await Services.RecordProxyPortAsync(service.Claim, 8080, Token));
        await Services.BecomeUpAsync(service.Claim, Token);
        await Services.GoDownAsync(service.Claim, Exited, Token);
        await Services.BeginRunAnewAsync(service.Claim, 1, Token);

        Assert.Equal(9090, (await FindAsync(service.Id)).ProxyPort);
        Assert.False(await Services.RecordProxyPortAsync(service.Claim with { Epoch = 9 }, 8080, Token));
    }

    [Fact]
    public async Task The_newest_wins_even_if_an_older_one_comes_up_last()
    {
        var older = await AddServiceAsync();
        var newer = await AddServiceAsync();

        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(newer.Claim, Token));
        Assert.Equal(UpOutcome.Stale, await Services.BecomeUpAsync(older.Claim, Token));

        var now = await FindAsync(older.Id);
        Assert.Equal((newer.Id, null), (now.SupersededBy, now.UpAt));
    }

    [Fact]
    public async Task One_that_comes_to_run_after_a_newer_one_was_up_is_superseded_in_place_of_coming_up()
    {
        var older = await AddRunningAsync(Options() with { Branch = "main" });
        var newer = await AddServiceAsync();
        await Services.BecomeUpAsync(newer.Claim, Token);
        await RunAsServiceAsync(older, "main", []);

        Assert.Equal(UpOutcome.Superseded, await Services.BecomeUpAsync(older.Claim, Token));

        var now = await FindAsync(older.Id);
        Assert.Equal((newer.Id, null), (now.SupersededBy, now.UpAt));
    }

    [Fact]
    public async Task Only_canceled_follows_once_a_newer_one_is_up()
    {
        var older = await AddServiceAsync();
        var newer = await AddServiceAsync();
        await Services.BecomeUpAsync(newer.Claim, Token);

        Assert.False(await Store.SettleAsync(older.Claim, Success(), Token));
        Assert.False(await Store.SettleAsync(older.Claim, Failed(), Token));
        Assert.Null(await Services.BeginRunAnewAsync(older.Claim, 1, Token));
        Assert.True(await Store.SettleAsync(older.Claim, Stopped(), Token));

        Assert.Equal(Canceled, (await FindAsync(older.Id)).Status);
    }

    [Fact]
    public async Task One_that_waits_to_be_started_again_is_not_up_and_its_first_time_up_stays_on_record()
    {
        var service = await AddServiceAsync();
        await Services.BecomeUpAsync(service.Claim, Token);

        Assert.True(await Services.GoDownAsync(service.Claim, Exited, Token));

        var now = await FindAsync(service.Id);
        Assert.Equal((null, Time.GetUtcNow()), (now.UpAt, now.FirstUpAt!.Value));
        await Store.RequestCancelAsync(service.Id, "api", null, Token);
        Assert.False(await Services.GoDownAsync(service.Claim, Exited, Token));
    }

    [Fact]
    public async Task Of_each_like_the_one_that_is_up_is_listed_or_else_the_newest_that_was_until_it_has_ended()
    {
        var service = await AddServiceAsync();
        await Services.BecomeUpAsync(service.Claim, Token);
        Assert.Equal([service.Id], await ListServicesAsync());
        await Services.GoDownAsync(service.Claim, Exited, Token);
        Assert.Equal([service.Id], await ListServicesAsync());

        var late = await AddServiceAsync();
        Assert.Equal([service.Id], await ListServicesAsync());
        await Services.BecomeUpAsync(late.Claim, Token);
        Assert.Equal([late.Id], await ListServicesAsync());

        await Store.SettleAsync(late.Claim, Failed(), Token);
        Assert.Empty(await ListServicesAsync());
    }

    [Fact]
    public async Task Begun_anew_it_is_another_attempt_that_may_be_started_and_its_first_time_up_stays_on_record()
    {
        var service = await AddServiceAsync();
        await Store.AskStartAsync(service.Claim, Token);
        await Services.BecomeUpAsync(service.Claim, Token);
        var up = await FindAsync(service.Id);
        Time.Advance(TimeSpan.FromMinutes(1));

        var again = await Services.BeginRunAnewAsync(service.Claim, 3, Token);
        Assert.True(await Store.AskStartAsync(service.Claim, Token));
        await Services.BecomeUpAsync(service.Claim, Token);
        var now = await FindAsync(service.Id);

        Assert.Equal((2, 3, null, null), (again!.Attempt, again.Restarts, again.StartAskedAt, again.UpAt));
        Assert.Equal((up.UpAt, up.UpAt!.Value.AddMinutes(1)), (now.FirstUpAt, now.UpAt!.Value));
        Assert.Equal(["failed", "running"], now.Phases.Where(phase => phase.Name == DeploymentPhase.Run).Select(phase => phase.Status));
    }

    [Fact]
    public async Task A_cancel_keeps_it_from_coming_up_and_from_beginning_anew()
    {
        var service = await AddServiceAsync();
        await Store.RequestCancelAsync(service.Id, "api", null, Token);

        Assert.Equal(UpOutcome.Stale, await Services.BecomeUpAsync(service.Claim, Token));
        Assert.Null(await Services.BeginRunAnewAsync(service.Claim, 1, Token));
    }

    [Fact]
    public async Task The_ports_of_the_latest_of_its_like_are_kept_for_the_next_one()
    {
        await AddServiceAsync(host: 1111);
        await AddServiceAsync(host: 2222);
        await AddServiceAsync(url: "https://git.example/other.git", host: 3333);
        var next = await AddServiceAsync();

        Assert.Equal([new PublishedPort(8080, 2222)], await Services.FindKeptEndpointsAsync(next.Id, Token));
    }

    [Fact]
    public async Task The_eldest_is_the_one_whose_like_was_up_first_by_records_that_outlive_a_restart()
    {
        var elder = await AddUpAsync("elder");
        var younger = await AddUpAsync("younger");
        elder = await AddUpAsync("elder");
        var never = await AddServiceAsync("https://git.example/never.git");

        Assert.Equal(elder.Id, await Services.FindEldestAsync([younger.Id, elder.Id], null, Token));
        await Store.SettleAsync(elder.Claim, Failed(), Token);
        Restart();
        Assert.Equal(elder.Id, await Services.FindEldestAsync([elder.Id, younger.Id, never.Id], null, Token));
        Assert.Equal(younger.Id, await Services.FindEldestAsync([never.Id, younger.Id], null, Token));
        Assert.Null(await Services.FindEldestAsync([never.Id], null, Token));
    }

    [Fact]
    public async Task With_a_host_the_eldest_is_the_one_whose_like_was_first_up_with_that_host()
    {
        await AddUpAsync("elder");
        await AddUpAsync("younger", "app.example.org");
        var elder = await AddUpAsync("elder", "app.example.org", "elder.example.org");
        var younger = await AddUpAsync("younger", "app.example.org");
        Restart();

        Assert.Equal(younger.Id, await Services.FindEldestAsync([elder.Id, younger.Id], "app.example.org", Token));
        Assert.Equal(elder.Id, await Services.FindEldestAsync([elder.Id, younger.Id], "elder.example.org", Token));
        Assert.Equal(elder.Id, await Services.FindEldestAsync([elder.Id, younger.Id], null, Token));
        Assert.Null(await Services.FindEldestAsync([elder.Id, younger.Id], "other.example.org", Token));
    }

    [Fact]
    public async Task What_is_up_is_not_in_the_queue()
    {
        var service = await AddServiceAsync();
        var starting = await AddServiceAsync(branch: "dev");

        await Services.BecomeUpAsync(service.Claim, Token);

        Assert.Equal([starting.Id], (await Store.ReadQueueAsync(10, Token)).Select(entry => entry.Id));
    }

    private async Task<IEnumerable<long>> ListServicesAsync() =>
        (await Services.ListServicesAsync(Token)).Select(one => one.Id);

    // Each a second after the one before.
    private async Task<Deployment> AddUpAsync(string name, params string[] hosts)
    {
        Time.Advance(TimeSpan.FromSeconds(1));
        var service = await AddServiceAsync($"https://git.example/{name}.git", hosts: hosts);
        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(service.Claim, Token));
        return service;
    }

    private async Task<Deployment> AddServiceAsync(
        string url = "https://git.example/hello.git", string branch = "main", string subdirectory = ".", int? host = null,
        string[]? hosts = null)
    {
        var service = await AddRunningAsync(
            Options(url) with { Branch = branch, Subdirectory = subdirectory, Hosts = hosts ?? [] });
        await RunAsServiceAsync(service, branch, host is { } port ? [new PublishedPort(8080, port)] : []);
        return await FindAsync(service.Id);
    }

    private async Task RunAsServiceAsync(Deployment service, string branch, IReadOnlyList<PublishedPort> ports)
    {
        await Store.RecordCommitAsync(service.Claim, branch, SomeCommit, Token);
        await Store.EnterPhaseAsync(service.Claim, DeploymentPhase.Build, Token);
        await Store.RecordImageAsync(service.Claim, "sha256:1", Token);
        await Store.EnterPhaseAsync(service.Claim, DeploymentPhase.Run, Token);
        Assert.True(await Services.RecordKindAsync(service.Claim, DeploymentKind.Service, ports, Token));
    }
}
