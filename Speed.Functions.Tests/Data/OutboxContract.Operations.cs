using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>What is told of services that were up, and of SPEED's own host.</summary>
public abstract partial class OutboxContract
{
    private static readonly Restarting FirstTry = new(RestartReason.Exit, 9, 1, 1);

    [Fact]
    public async Task Unhealthy_is_written_once_with_what_the_check_answered_and_healthy_once_when_that_is_over()
    {
        var service = await UpAsync();

        Assert.True(await Services.RecordHealthAsync(service.Claim, "It answered 500.", Token));
        Assert.True(await Services.RecordHealthAsync(service.Claim, "It answered 503.", Token));
        Restart();
        Assert.True(await Services.RecordHealthAsync(service.Claim, "It answered 500.", Token));
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await Services.RecordHealthAsync(service.Claim, null, Token));
        Restart();
        Assert.True(await Services.RecordHealthAsync(service.Claim, null, Token));

        var told = await ToldAsync();
        Assert.Equal([NotificationEvent.ServiceUnhealthy, NotificationEvent.ServiceHealthy], told.Select(one => one.Event));
        Assert.Equal(["It answered 500.", null], told.Select(one => NotificationDelivery.SummaryOf(one.Data).Unhealthy));
        Assert.Equal([Time.GetUtcNow().AddMinutes(-1), Time.GetUtcNow()], told.Select(one => one.At));
        Assert.All(told, one => Assert.Equal(service.Id, NotificationDelivery.SummaryOf(one.Data).Id));
    }

    [Fact]
    public async Task One_that_is_not_up_or_is_to_end_is_asked_nothing_of_its_health()
    {
        var service = await UpAsync();
        await Services.GoDownAsync(service.Claim, FirstTry, Token);
        Assert.False(await Services.RecordHealthAsync(service.Claim, "It answered 500.", Token));

        var canceled = await UpAsync();
        await Deployments.RequestCancelAsync(canceled.Id, "api", null, Token);
        Assert.False(await Services.RecordHealthAsync(canceled.Claim, "It answered 500.", Token));
    }

    [Fact]
    public async Task One_that_was_unhealthy_is_healthy_again_once_a_restart_has_brought_it_up()
    {
        var service = await UpAsync();

        await Services.RecordHealthAsync(service.Claim, "It answered 500.", Token);
        await Services.GoDownAsync(service.Claim, FirstTry, Token);
        await Services.BeginRunAnewAsync(service.Claim, 1, Token);
        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(service.Claim, Token));

        Assert.Null((await Deployments.FindAsync(service.Id, Token))!.Unhealthy);
        Assert.Equal(
            [NotificationEvent.ServiceUnhealthy, NotificationEvent.ServiceRestarting, NotificationEvent.ServiceHealthy],
            (await ToldAsync()).Select(one => one.Event));
    }

    [Fact]
    public async Task Each_restart_is_written_once_though_SPEED_is_killed_in_the_pause_before_it()
    {
        var service = await UpAsync();

        await Services.GoDownAsync(service.Claim, FirstTry, Token);
        Restart();
        var waiting = (await Deployments.FindAsync(service.Id, Token))!;
        Assert.True(await Services.GoDownAsync(service.Claim, FirstTry with { Try = 7 }, Token));
        await Services.BeginRunAnewAsync(service.Claim, 1, Token);
        await Services.BecomeUpAsync(service.Claim, Token);
        await Services.GoDownAsync(service.Claim, new Restarting(RestartReason.Interrupted, null, null, 0), Token);

        Assert.Equal((1, null), (waiting.NextTry, waiting.UpAt));
        var told = await ToldAsync();
        Assert.All(told, one => Assert.Equal(NotificationEvent.ServiceRestarting, one.Event));
        Assert.Equal(
            [FirstTry, new Restarting(RestartReason.Interrupted, null, null, 0)],
            told.Select(one => NotificationDelivery.SummaryOf(one.Data).Restart));
        Assert.Contains("""
            "restart":{"reason":"exit","exit_code":9,"try":1,"pause_s":1}
            """, told[0].Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_ten_tries_it_is_told_once_that_it_is_down_and_nothing_of_the_tries_that_follow()
    {
        var service = await UpAsync();

        for (var tried = 10; tried <= 13; tried++)
        {
            await Services.GoDownAsync(service.Claim, FirstTry with { Try = tried, PauseSeconds = 300 }, Token);
            await Services.BeginRunAnewAsync(service.Claim, tried, Token);
        }

        Assert.Equal(
            [(NotificationEvent.ServiceRestarting, 10), (NotificationEvent.ServiceDown, 11)],
            (await ToldAsync()).Select(one => (one.Event, NotificationDelivery.SummaryOf(one.Data).Restart?.Try)));
    }

    [Theory]
    [InlineData(DeploymentStatus.Succeeded, null, true)]
    [InlineData(DeploymentStatus.Failed, FailureCode.ExitNonzero, true)]
    [InlineData(DeploymentStatus.Failed, FailureCode.ContainerLost, true)]
    [InlineData(DeploymentStatus.Canceled, FailureCode.TtlExpired, false)]
    [InlineData(DeploymentStatus.Canceled, FailureCode.Canceled, false)]
    [InlineData(DeploymentStatus.Canceled, FailureCode.Superseded, false)]
    public async Task A_service_that_was_up_is_down_where_it_ends_and_nobody_asked_for_that(
        DeploymentStatus status, FailureCode? code, bool isDown)
    {
        var service = await UpAsync();

        Assert.True(await SettleAsync(service, status, code));

        Assert.Equal(
            isDown ? [NotificationEvent.ServiceDown] : [],
            (await ToldAsync()).Select(one => one.Event));
    }

    [Fact]
    public async Task One_that_was_never_up_and_a_job_are_not_down_when_they_fail()
    {
        await Notifications.AddNotificationAsync(Some, 100, Token);
        var service = await BeginAsync();
        await Deployments.EnterPhaseAsync(service.Claim, DeploymentPhase.Run, Token);
        await Services.RecordKindAsync(service.Claim, DeploymentKind.Service, [], Token);
        await EndAsync(service);
        await EndAsync(await BeginAsync());

        Assert.Empty(await ToldAsync());
    }

    [Fact]
    public async Task A_container_without_its_volumes_is_told_once_with_the_way_to_copy_what_is_in_it()
    {
        var hearsOfFailures = Some with { Events = [NotificationEvent.Failed], Repos = [] };
        await Notifications.AddNotificationAsync(hearsOfFailures, 100, Token);
        var service = await BeginAsync();
        var bare = new BareContainer(service.Id, "speed-0123456789ab-1-1", ["/data"]);

        await Volumes.NoteBareAsync(bare, Token);
        await Volumes.NoteBareAsync(bare, Token);

        var told = Assert.Single(await ToldAsync(), one => one.Event == NotificationEvent.VolumesMissing);
        Assert.True(hearsOfFailures.Wants(told));
        Assert.Contains("docker cp speed-0123456789ab-1-1:/data/.", told.Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alert_is_written_once_until_it_was_cleared_and_by_whichever_process()
    {
        await Notifications.AddNotificationAsync(Some, 100, Token);

        await Outbox.RaiseAlertAsync(NotificationEvent.DiskLow, "The disk is low.", Token);
        await Outbox.RaiseAlertAsync(NotificationEvent.DiskLow, "The disk is lower.", Token);
        Restart();
        await Outbox.RaiseAlertAsync(NotificationEvent.DiskLow, "The disk is low.", Token);
        await Outbox.ClearAlertAsync(NotificationEvent.DiskLow, Token);
        await Outbox.ClearAlertAsync(NotificationEvent.DiskLow, Token);
        await Outbox.RaiseAlertAsync(NotificationEvent.DiskLow, "Again.", Token);

        var told = await ToldAsync();
        Assert.Equal([NotificationEvent.DiskLow, NotificationEvent.DiskLow], told.Select(one => one.Event));
        Assert.Equal(["The disk is low.", "Again."], MessagesOf(told));
        Assert.All(told, one => Assert.Equal((null, null, Time.GetUtcNow()), (one.DeploymentId, one.Url, one.At)));
    }

    [Fact]
    public async Task Each_backup_that_failed_is_written_where_somebody_may_want_to_hear()
    {
        await Outbox.RecordAsync(NotificationEvent.BackupFailed, "To nobody.", Token);
        await Outbox.RaiseAlertAsync(NotificationEvent.DiskLow, "To nobody.", Token);
        Assert.Empty(await Outbox.ReadOutboxAsync(Token));

        await Notifications.AddNotificationAsync(Some, 100, Token);
        await Outbox.RecordAsync(NotificationEvent.BackupFailed, "No backup was made.", Token);
        await Outbox.RecordAsync(NotificationEvent.BackupFailed, "No backup was made.", Token);

        var told = await ToldAsync();
        Assert.Equal([NotificationEvent.BackupFailed, NotificationEvent.BackupFailed], told.Select(one => one.Event));
        Assert.Equal(["No backup was made.", "No backup was made."], MessagesOf(told));
    }

    [Fact]
    public async Task What_belongs_to_no_deployment_is_delivered_listed_and_delivered_again()
    {
        await Notifications.AddNotificationAsync(Some, 100, Token);
        await Outbox.RecordAsync(NotificationEvent.BackupFailed, "No backup was made.", Token);
        var happenings = await Outbox.ReadOutboxAsync(Token);
        await Outbox.SpreadAsync(happenings, [new NewDelivery(happenings[0], Name, Name)], Token);

        var due = Assert.Single(await Outbox.ListDueAsync([], 10, Token));
        await Outbox.RecordAttemptAsync(due, new AttemptOutcome(AttemptResult.Delivered, 204, null), null, Token);
        var again = await Outbox.RedeliverAsync(Name, due.Id, Token);

        Assert.Equal((null, NotificationEvent.BackupFailed), (due.DeploymentId, due.Event));
        Assert.Equal("No backup was made.", due.OfHost.Message);
        Assert.Equal((DeliveryState.Pending, due.MessageId), (again!.State, again.MessageId));
    }

    private static IEnumerable<string> MessagesOf(IEnumerable<Happening> told) => told.Select(
        one => System.Text.Json.JsonSerializer.Deserialize<HostSummary>(one.Data, DeploymentOptions.Json)!.Message);

    /// <summary>All but what is told of every deployment.</summary>
    private async Task<IReadOnlyList<Happening>> ToldAsync() =>
        [.. (await Outbox.ReadOutboxAsync(Token)).Where(one => one.Event > NotificationEvent.Canceled)];

    private async Task<Deployment> UpAsync()
    {
        await Notifications.AddNotificationAsync(Some, 100, Token);
        var service = await BeginAsync();
        await Deployments.EnterPhaseAsync(service.Claim, DeploymentPhase.Run, Token);
        await Services.RecordKindAsync(service.Claim, DeploymentKind.Service, [], Token);
        Assert.Equal(UpOutcome.Up, await Services.BecomeUpAsync(service.Claim, Token));
        return service;
    }

    private Task<bool> SettleAsync(Deployment deployment, DeploymentStatus status, FailureCode? code) =>
        Deployments.SettleAsync(
            deployment.Claim,
            new Settlement(status, code is { } why ? new Failure(why, null, null, "It ended.", null, null) : null, 0, []),
            Token);
}
