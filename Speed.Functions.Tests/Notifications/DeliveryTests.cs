using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>Drives real SQLite and real HTTP: what reaches a receiver, in which order, and how often.</summary>
public sealed class DeliveryTests : IAsyncLifetime
{
    private NotifyWorld _world = null!;

    private Receiver Receiver => _world.Receiver;

    public async ValueTask InitializeAsync() => _world = await NotifyWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_message_has_the_headers_body_and_signature_of_Standard_Webhooks()
    {
        var secret = await _world.AddAsync();
        _world.Settings.PublicUrl = "https://speed.example";

        var deployment = await _world.BeginAsync();
        var started = await Receiver.NextAsync();
        await _world.FailAsync(deployment);
        var failed = await Receiver.NextAsync();

        foreach (var message in new[] { started, failed })
        {
            var signed = $"{message.Headers["webhook-id"]}.{message.Headers["webhook-timestamp"]}.{message.Body}";
            var key = Convert.FromBase64String(secret["whsec_".Length..]);
            Assert.Equal(32, key.Length);
            Assert.Equal(
                "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed))),
                message.Headers["webhook-signature"]);
            Assert.Equal("1767323045", message.Headers["webhook-timestamp"]);
            Assert.Equal("application/json", message.Headers["Content-Type"]);
            Assert.Equal("/ops", message.Target);
        }

        Assert.NotEqual(started.Headers["webhook-id"], failed.Headers["webhook-id"]);
        Assert.Equal(("deployment.started", "deployment.failed"), (started.Type, failed.Type));
        Assert.Equal("2026-01-02T03:04:05.000Z", failed.Json.GetProperty("timestamp").GetString());
        Assert.Equal(
            $$$"""
            {"id":1,"url":"{{{NotifyWorld.Repository}}}","branch":"main","commit":"{{{NotifyWorld.Commit}}}","status":"Failed","failure":{"code":"EXIT_NONZERO","phase":null,"message":"It exited with 3.","hint":null},"exit_code":3,"labels":{},"retry_of":null,"created_at":"2026-01-02T03:04:05.000Z","started_at":"2026-01-02T03:04:05.000Z","ended_at":"2026-01-02T03:04:05.000Z","link":"https://speed.example/#/deployments/1"}
            """,
            failed.Json.GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_told_and_of_each_deployment_in_order()
    {
        await _world.AddAsync("ends", events: [NotificationEvent.Succeeded, NotificationEvent.Canceled], repos: "git.example/team/*");
        await _world.AddAsync("all");
        var other = await _world.BeginAsync("https://git.example/other/app.git");
        await _world.SucceedAsync(other);
        var ours = await _world.BeginAsync();
        await _world.SucceedAsync(ours);
        var canceled = await _world.BeginAsync();
        await _world.FailAsync(canceled, "Canceled by api.", FailureCode.Canceled, DeploymentStatus.Canceled);

        await _world.UntilAsync("ends", all => all.Count(one => one.State == DeliveryState.Delivered) == 2);
        await _world.UntilAsync("all", all => all.Count(one => one.State == DeliveryState.Delivered) == 6);

        Assert.Equal(
            ["deployment.succeeded 2", "deployment.canceled 3"],
            from message in Receiver.All where message.Target == "/ends" select $"{message.Type} {message.DeploymentId}");
        Assert.Equal(
            [
                "deployment.started 1", "deployment.succeeded 1", "deployment.started 2", "deployment.succeeded 2",
                "deployment.started 3", "deployment.canceled 3",
            ],
            from message in Receiver.All where message.Target == "/all" select $"{message.Type} {message.DeploymentId}");
    }

    [Fact]
    public async Task What_fails_is_tried_again_after_growing_pauses_with_the_same_id_and_a_new_signature()
    {
        var statuses = new Queue<int?>([500, 503, 200]);
        Receiver.Script = _ => statuses.Dequeue();
        await _world.AddAsync(events: [NotificationEvent.Started]);
        await _world.BeginAsync();

        var first = Assert.Single(await _world.UntilAsync("ops", all => all is [{ Attempts: 1 }]));
        Assert.InRange(first.DueIn!.Value, TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(6));
        _world.Time.Advance(TimeSpan.FromSeconds(6));
        var second = Assert.Single(await _world.UntilAsync("ops", all => all is [{ Attempts: 2 }]));
        Assert.InRange(second.DueIn!.Value, TimeSpan.FromSeconds(29.9), TimeSpan.FromSeconds(36));
        Assert.Equal((503, "It answered 503."), (second.Answer, second.Error));
        _world.Time.Advance(TimeSpan.FromSeconds(36));
        var third = Assert.Single(await _world.UntilAsync("ops", all => all is [{ Attempts: 3 }]));

        Assert.Equal((DeliveryState.Delivered, 200, null), (third.State, third.Answer, third.Error));
        Assert.Single(Receiver.All.Select(message => message.Headers["webhook-id"]).Distinct());
        Assert.Equal(3, Receiver.All.Select(message => message.Headers["webhook-signature"]).Distinct().Count());
    }

    [Fact]
    public async Task After_about_a_day_it_is_given_up_and_can_be_delivered_again_by_hand()
    {
        Receiver.Script = _ => 500;
        await _world.AddAsync(events: [NotificationEvent.Started]);
        await _world.BeginAsync();
        var began = _world.Time.GetUtcNow();

        for (var attempts = 1; attempts < DeliveryPauses.MostAttempts; attempts++)
        {
            var waiting = Assert.Single(await _world.UntilAsync("ops", all => all is [{ Attempts: var n }] && n == attempts));
            _world.Time.Advance(waiting.DueIn!.Value + TimeSpan.FromMilliseconds(1));
        }

        var last = Assert.Single(await _world.UntilAsync("ops", all => all is [{ State: DeliveryState.Failed }]));
        Assert.Equal(DeliveryPauses.MostAttempts, last.Attempts);
        Assert.InRange(_world.Time.GetUtcNow() - began, TimeSpan.FromHours(20), TimeSpan.FromHours(30));

        Receiver.Script = _ => 204;
        await _world.Store.RedeliverAsync("ops", last.Id, TestContext.Current.CancellationToken);
        await _world.UntilAsync("ops", all => all is [{ State: DeliveryState.Delivered }]);
        Assert.Single(Receiver.All.Select(message => message.Headers["webhook-id"]).Distinct());
    }

    [Fact]
    public async Task A_receiver_may_ask_for_a_longer_pause_but_not_for_ever()
    {
        Receiver.Script = _ => 429;
        Receiver.Headers["Retry-After"] = "100000";
        await _world.AddAsync(events: [NotificationEvent.Started]);
        await _world.BeginAsync();

        var waiting = Assert.Single(await _world.UntilAsync("ops", all => all is [{ Attempts: 1 }]));

        Assert.InRange(waiting.DueIn!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task A_receiver_that_is_gone_is_told_nothing_more_until_it_is_put_again()
    {
        Receiver.Script = _ => 410;
        await _world.AddAsync();
        var first = await _world.BeginAsync();
        await _world.SucceedAsync(first);

        var all = await _world.UntilAsync("ops", all => all.Count > 0 && all.All(one => one.State == DeliveryState.Failed));
        var disabled = await _world.Vault.FindAsync("ops", TestContext.Current.CancellationToken);
        Assert.NotNull(disabled!.DisabledAt);
        Assert.Contains(all, one => one.Answer == 410);
        var told = Receiver.All.Count;

        Receiver.Script = _ => 204;
        var wish = new Speed.Security.NotificationWish("ops", null, NotificationFormat.Standard, [NotificationEvent.Failed], []);
        await _world.SucceedAsync(await _world.BeginAsync());
        var changed = await _world.Vault.ReplaceAsync(wish, TestContext.Current.CancellationToken);
        await _world.FailAsync(await _world.BeginAsync());
        await _world.UntilAsync("ops", all => all[0] is { State: DeliveryState.Delivered });

        Assert.Null(changed!.DisabledAt);
        // What was under way when it said that it is gone may be tried once more.
        Assert.Equal("deployment.failed", Receiver.All.Skip(told).Single(message => message.DeploymentId != first.Id).Type);
    }

    [Fact]
    public async Task A_receiver_that_never_answers_holds_up_nobody_else_and_no_stop()
    {
        Receiver.Script = message => message.Target == "/dead" ? null : 204;
        await _world.AddAsync("dead");
        await _world.AddAsync("live");
        for (var i = 0; i < 3; i++)
        {
            await _world.SucceedAsync(await _world.BeginAsync());
        }

        await _world.UntilAsync("live", all => all.Count(one => one.State == DeliveryState.Delivered) == 6);
        while ((await Receiver.NextAsync()).Target != "/dead")
        {
        }

        _world.Time.Advance(TimeSpan.FromSeconds(10));
        var dead = await _world.UntilAsync("dead", all => all.Any(one => one.Attempts == 1));

        Assert.Contains("no answer in 10 seconds", dead[^1].Error, StringComparison.Ordinal);
        Assert.DoesNotContain(dead, one => one.State == DeliveryState.Delivered);
        await _world.StopWorkerAsync().WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Environment_and_secrets_are_told_to_nobody()
    {
        await _world.AddAsync();
        await _world.AddLoginAsync("the value of the login");
        var options = SomeOptions.Of() with
        {
            Env = new SortedDictionary<string, string> { ["KEY"] = "the value of the key" },
            BuildArgs = new SortedDictionary<string, string> { ["ARG"] = "the value of the argument" },
            Labels = new SortedDictionary<string, string> { ["team"] = "a" },
        };
        await _world.Store.AddAsync(new NewDeployment(options, null, 500), TestContext.Current.CancellationToken);
        await _world.Store.ClaimNextAsync("worker-1", TestContext.Current.CancellationToken);

        var started = await Receiver.NextAsync();

        Assert.DoesNotContain("the value", started.Body, StringComparison.Ordinal);
        Assert.Equal("""{"team":"a"}""", started.Json.GetProperty("data").GetProperty("labels").GetRawText());
    }

    [Fact]
    public async Task What_was_under_way_when_SPEED_stopped_is_repeated_with_the_same_id()
    {
        Receiver.Script = _ => null;
        await _world.AddAsync(events: [NotificationEvent.Started]);
        await _world.BeginAsync();
        var first = await Receiver.NextAsync();

        await _world.StopWorkerAsync();
        Receiver.Script = _ => 204;
        await _world.StartWorkerAsync();
        var second = await Receiver.NextAsync();
        var delivery = Assert.Single(await _world.UntilAsync("ops", all => all is [{ State: DeliveryState.Delivered }]));

        Assert.Equal(first.Headers["webhook-id"], second.Headers["webhook-id"]);
        Assert.Equal((1, first.Headers["webhook-id"]), (delivery.Attempts, delivery.MessageId));
    }
}
