using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>What every store must do for those who are told, beside being one of deployments.</summary>
public abstract partial class OutboxContract : IDisposable
{
    private const string Name = "ops";

    private static readonly SealedNotification Some = new(
        Name, NotificationFormat.Slack, "https://a.example", [NotificationEvent.Started, NotificationEvent.Failed],
        ["a.example/*"], DateTimeOffset.UnixEpoch, null, [0, 255, 1]);

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    protected abstract INotificationStore Notifications { get; }

    protected abstract IOutbox Outbox { get; }

    protected abstract IVolumeStore Volumes { get; }

    protected abstract IDeploymentStore Deployments { get; }

    private IServiceStore Services => Assert.IsType<IServiceStore>(Deployments, exactMatch: false);

    protected abstract ISecretStore Secrets { get; }

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public abstract void Dispose();

    /// <summary>As a process that begins where another was killed.</summary>
    protected abstract void Restart();

    [Fact]
    public async Task Notifications_are_listed_as_they_were_put_beside_the_one_that_is_built_in()
    {
        Assert.True(await Notifications.AddNotificationAsync(Some, 100, Token));
        Assert.False(await Notifications.AddNotificationAsync(Some with { Origin = "other" }, 100, Token));
        Assert.False(await Notifications.AddNotificationAsync(Some with { Name = "more" }, 1, Token));

        var all = await Notifications.ListNotificationsAsync(Token);
        Assert.Equal(["commit-status", Name], all.Select(one => one.Name));
        Assert.Equivalent(Some, all[1], strict: true);

        var changed = Some with { Events = [NotificationEvent.Up], Repos = [], Where = [7] };
        Assert.True(await Notifications.ReplaceNotificationAsync(changed, Token));
        Assert.Equivalent(changed, (await Notifications.ListNotificationsAsync(Token))[1], strict: true);
        Assert.True(await Notifications.DeleteNotificationAsync(Name, Token));
        Assert.False(await Notifications.DeleteNotificationAsync(Name, Token));
        Assert.False(await Notifications.ReplaceNotificationAsync(changed, Token));
    }

    [Fact]
    public async Task Nothing_is_written_where_nobody_wants_to_hear()
    {
        await EndAsync(await BeginAsync());

        Assert.Empty(await Outbox.ReadOutboxAsync(Token));
    }

    [Fact]
    public async Task Each_status_is_written_once_with_how_the_deployment_stood()
    {
        await Notifications.AddNotificationAsync(Some, 100, Token);
        await EndAsync(await BeginAsync());

        var all = await Outbox.ReadOutboxAsync(Token);

        Assert.Equal([NotificationEvent.Started, NotificationEvent.Failed], all.Select(one => one.Event));
        Assert.Equal([null, "EXIT_NONZERO"], all.Select(one => NotificationDelivery.SummaryOf(one.Data).Failure?.Code));
        Assert.All(all, one => Assert.Equal(Time.GetUtcNow(), one.At));
    }

    [Fact]
    public async Task A_service_is_told_of_when_it_is_up_for_the_first_time()
    {
        await Notifications.AddNotificationAsync(Some with { Events = [NotificationEvent.Up] }, 100, Token);
        var service = await BeginAsync();
        await Deployments.EnterPhaseAsync(service.Claim, DeploymentPhase.Run, Token);
        await Services.RecordKindAsync(service.Claim, DeploymentKind.Service, [], Token);
        await Services.BecomeUpAsync(service.Claim, Token);
        await Services.BeginRunAnewAsync(service.Claim, 1, Token);
        await Services.BecomeUpAsync(service.Claim, Token);

        var all = await Outbox.ReadOutboxAsync(Token);

        Assert.Equal([NotificationEvent.Started, NotificationEvent.Up], all.Select(one => one.Event));
    }

    [Fact]
    public async Task With_a_git_secret_the_commit_is_written_too_once_it_is_known()
    {
        await Secrets.PutSecretAsync(new SealedSecret("login", SecretUse.Git, ["*"], null, [1]), Token);
        var commit = new string('b', 40);
        var deployment = await BeginAsync();
        await Deployments.RecordCommitAsync(deployment.Claim, "main", commit, Token);
        await Deployments.RecordCommitAsync(deployment.Claim, "main", commit, Token);
        await EndAsync(deployment);

        var all = await Outbox.ReadOutboxAsync(Token);

        Assert.Equal([NotificationEvent.Resolved, NotificationEvent.Failed], all.Select(one => one.Event));
        Assert.All(all, one => Assert.Equal(commit, NotificationDelivery.SummaryOf(one.Data).Commit));
    }

    [Fact]
    public async Task What_was_answered_and_not_recorded_is_due_again_with_the_same_id_after_a_kill()
    {
        var delivery = await SpreadOneAsync();
        Assert.Empty(await Outbox.ReadOutboxAsync(Token));

        Restart();
        var again = Assert.Single(await Outbox.ListDueAsync([], 10, Token));
        await Outbox.RecordAttemptAsync(again, new AttemptOutcome(AttemptResult.Delivered, 200, null), null, Token);
        Restart();

        Assert.Equal((delivery.Id, delivery.MessageId), (again.Id, again.MessageId));
        Assert.Empty(await Outbox.ListDueAsync([], 10, Token));
        var listed = Assert.Single(await Outbox.ListDeliveriesAsync(Name, Token));
        Assert.Equal((DeliveryState.Delivered, 1, 200), (listed.State, listed.Attempts, listed.Answer));
    }

    [Fact]
    public async Task Of_a_lane_the_oldest_that_is_due_comes_and_one_that_pauses_holds_up_nobody()
    {
        var first = await SpreadOneAsync();
        await SpreadOneAsync();
        await SpreadOneAsync("another lane");

        Assert.Equal([1, 3], (await Outbox.ListDueAsync([], 10, Token)).Select(one => one.Id));
        Assert.Equal([3], (await Outbox.ListDueAsync([Name], 10, Token)).Select(one => one.Id));
        await Outbox.RecordAttemptAsync(first, Failed, TimeSpan.FromMinutes(5), Token);
        Assert.Equal([2, 3], (await Outbox.ListDueAsync([], 10, Token)).Select(one => one.Id));
        Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal([1, 3], (await Outbox.ListDueAsync([], 10, Token)).Select(one => one.Id));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_makes_nobody_wait_longer_than_the_longest_pause()
    {
        await Outbox.RecordAttemptAsync(await SpreadOneAsync(), Failed, TimeSpan.FromDays(30), Token);

        await Outbox.ResumeDeliveriesAsync(TimeSpan.FromHours(1), Token);

        Assert.Equal(TimeSpan.FromHours(1), await Outbox.NextDeliveryAsync([], Token));
        Assert.Null(await Outbox.NextDeliveryAsync([Name], Token));
    }

    [Fact]
    public async Task The_last_two_hundred_deliveries_are_kept_and_go_with_their_notification()
    {
        for (var i = 0; i < 205; i++)
        {
            await Outbox.RecordAttemptAsync(
                await SpreadOneAsync(), new AttemptOutcome(AttemptResult.Delivered, 204, null), null, Token);
        }

        var kept = await Outbox.ListDeliveriesAsync(Name, Token);
        Assert.Equal((200, 205, 6), (kept.Count, kept[0].Id, kept[^1].Id));
        Assert.Null(await Outbox.RedeliverAsync(Name, 5, Token));

        await Notifications.DeleteNotificationAsync(Name, Token);
        Assert.Empty(await Outbox.ListDeliveriesAsync(Name, Token));
        Assert.Null(await Outbox.RedeliverAsync(Name, 205, Token));
    }

    private static AttemptOutcome Failed => new(AttemptResult.Failed, 500, "It answered 500.");

    private async Task<NotificationDelivery> SpreadOneAsync(string lane = Name)
    {
        await Notifications.AddNotificationAsync(Some, 100, Token);
        var deployment = await BeginAsync();
        var happenings = await Outbox.ReadOutboxAsync(Token);
        await Outbox.SpreadAsync(happenings, [new NewDelivery(happenings[0], Name, lane)], Token);
        await EndAsync(deployment);
        await Outbox.SpreadAsync(await Outbox.ReadOutboxAsync(Token), [], Token);
        return (await Outbox.ListDeliveriesAsync(Name, Token))[0];
    }

    private async Task<Deployment> BeginAsync()
    {
        await Deployments.AddAsync(new NewDeployment(SomeOptions.Of(), null, 500), Token);
        return (await Deployments.ClaimNextAsync("worker-1", Token))!;
    }

    private Task<bool> EndAsync(Deployment deployment) => Deployments.SettleAsync(
        deployment.Claim,
        new Settlement(
            DeploymentStatus.Failed,
            new Failure(FailureCode.ExitNonzero, null, 3, "It exited with 3.", null, null),
            3,
            []),
        Token);
}
