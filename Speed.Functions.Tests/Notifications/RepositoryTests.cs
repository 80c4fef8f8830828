using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>Drives real HTTP: who hears of what belongs to a repository, and of what to none.</summary>
public sealed class RepositoryTests : IAsyncLifetime
{
    private NotifyWorld _world = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await NotifyWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task What_belongs_to_no_repository_is_told_to_those_who_hear_of_every_one()
    {
        await _world.AddAsync("none-named");
        await _world.AddAsync("any", repos: "*");
        await _world.AddAsync("some", repos: "git.example/*");
        await _world.AddAsync("ends", events: [NotificationEvent.Failed]);

        await _world.Store.RaiseAlertAsync(NotificationEvent.DiskLow, "The disk is low.", Now);
        await _world.Store.RecordAsync(NotificationEvent.BackupFailed, "No backup was made.", Now);
        await _world.FailAsync(await _world.BeginServiceAsync());
        foreach (var (name, count) in new[] { ("none-named", 6), ("any", 6), ("some", 4), ("ends", 1) })
        {
            await _world.UntilAsync(name, all => all.Count(one => one.State == DeliveryState.Delivered) == count);
        }

        string[] ofHost = ["disk.low", "backup.failed"];
        string[] ofService = ["deployment.started", "deployment.up", "deployment.failed", "service.down"];
        Assert.Equal(ofHost.Concat(ofService).Order(), TypesTo("/none-named"));
        Assert.Equal(ofHost.Concat(ofService).Order(), TypesTo("/any"));
        Assert.Equal(ofService.Order(), TypesTo("/some"));
        Assert.Equal(["deployment.failed"], TypesTo("/ends"));
    }

    [Fact]
    public async Task Its_message_has_the_host_and_a_sentence_and_a_link_to_the_doctor()
    {
        _world.Settings.PublicUrl = "https://speed.example";
        await _world.AddAsync();

        await _world.Store.RaiseAlertAsync(NotificationEvent.DiskLow, "The disk is low.", Now);
        var told = await _world.Receiver.NextAsync();

        Assert.Equal(("disk.low", "2026-01-02T03:04:05.000Z"), (told.Type, told.Json.GetProperty("timestamp").GetString()));
        Assert.Equal(
            $$"""{"host":"{{Environment.MachineName}}","message":"The disk is low.","link":"https://speed.example/#/doctor"}""",
            told.Json.GetProperty("data").GetRawText());
        Assert.True(told.Headers.ContainsKey("webhook-signature"));
    }

    [Fact]
    public async Task A_message_of_a_service_is_one_of_its_deployment_with_what_happened_beside_it()
    {
        await _world.AddAsync(events: [NotificationEvent.ServiceUnhealthy, NotificationEvent.ServiceRestarting]);
        var service = await _world.BeginServiceAsync();

        await _world.Store.RecordHealthAsync(service.Claim, "It answered 500.", Now);
        var unhealthy = (await _world.Receiver.NextAsync()).Json.GetProperty("data");
        await _world.Store.GoDownAsync(service.Claim, new Restarting(RestartReason.Exit, 137, 2, 2), Now);
        var restarting = (await _world.Receiver.NextAsync()).Json.GetProperty("data");

        Assert.Equal("It answered 500.", unhealthy.GetProperty("unhealthy").GetString());
        Assert.False(unhealthy.TryGetProperty("restart", out _));
        Assert.Equal(
            """{"reason":"exit","exit_code":137,"try":2,"pause_s":2}""", restarting.GetProperty("restart").GetRawText());
        foreach (var data in new[] { unhealthy, restarting })
        {
            Assert.Equal((service.Id, "Running"), (data.GetProperty("id").GetInt64(), data.GetProperty("status").GetString()));
            Assert.Equal((NotifyWorld.Repository, "main"), (data.GetProperty("url").GetString(), data.GetProperty("branch").GetString()));
            Assert.Equal("{}", data.GetProperty("labels").GetRawText());
        }
    }

    // What happens in one transaction is told in no promised order.
    private IEnumerable<string> TypesTo(string target) =>
        from message in _world.Receiver.All where message.Target == target orderby message.Type select message.Type;
}
