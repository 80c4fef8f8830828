using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.Notifications;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: who is told, as resources, and their deliveries.</summary>
public sealed class NotificationsTests
{
    private const string Path = "/v1/notifications";
    private const string Url = "https://hooks.example:8443/services/T0/B0/very-secret?key=hidden";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_secret_is_told_once_and_the_address_never()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var made = await AddAsync(app, new { name = "ops", url = Url, repos = new[] { "github.com/you/*" } });
        var chat = await AddAsync(app, new { name = "chat", url = Url, format = "slack", events = new[] { "deployment.failed" } });

        Assert.Equal((201, "/v1/notifications/ops"), (made.Status, made.Headers["Location"]));
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", made.Json.GetProperty("secret").GetString());
        Assert.False(chat.Json.TryGetProperty("secret", out _));
        Assert.Equal(10, made.Json.GetProperty("events").GetArrayLength());
        var put = await app.PutAsync($"{Path}/ops", new { events = new[] { "deployment.up" } });
        var shown = (await app.GetAsync($"{Path}/ops")).GetRawText();
        foreach (var text in new[] { shown, put.Text, chat.Text, (await app.GetAsync(Path)).GetRawText() })
        {
            Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
            Assert.DoesNotContain("services", text, StringComparison.Ordinal);
            Assert.Contains("\"https://hooks.example:8443/…\"", text, StringComparison.Ordinal);
        }

        Assert.Contains("""["deployment.up"]""", shown, StringComparison.Ordinal);
        var database = await File.ReadAllTextAsync(System.IO.Path.Combine(app.DataDirectory, "deployments.db-wal"), Now);
        Assert.DoesNotContain("very-secret", database, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"url": "https://a.example/x"}""", "/name")]
    [InlineData("""{"name": "Ops", "url": "https://a.example/x"}""", "/name")]
    [InlineData("""{"name": "ops"}""", "/url")]
    [InlineData("""{"name": "ops", "url": "http://a.example/x"}""", "/url")]
    [InlineData("""{"name": "ops", "url": "https://192.168.1.1/x"}""", "/url")]
    [InlineData("""{"name": "ops", "url": "https://a.example/x", "format": "commit_status"}""", "/format")]
    [InlineData("""{"name": "ops", "url": "https://a.example/x", "events": []}""", "/events")]
    [InlineData("""{"name": "ops", "url": "https://a.example/x", "events": ["deployment.resolved"]}""", "/events")]
    [InlineData("""{"name": "ops", "url": "https://a.example/x", "events": ["service.*"]}""", "/events")]
    [InlineData("""{"name": "ops", "url": "https://a.example/x", "events": ["disk.low"], "repos": ["github.com/x/*"]}""", "/events")]
    [InlineData("""{"name": "ops", "url": "https://a.example/x", "repos": ["https://github.com/x"]}""", "/repos")]
    [InlineData("""{"name": "ops", "url": "https://a.example/x", "secret": "x"}""", "/secret")]
    public async Task What_cannot_be_used_is_pointed_at(string body, string at)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var refused = await app.SendAsync(Path, body);

        Assert.Equal((400, at), (refused.Status, refused.Json.GetProperty("errors")[0].GetProperty("pointer").GetString()));
    }

    [Fact]
    public async Task All_events_are_told_unless_some_are_asked_for_and_those_of_no_repository_to_whom_hears_of_all()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var all = new[]
        {
            "deployment.started", "deployment.up", "deployment.succeeded", "deployment.failed", "deployment.canceled",
            "service.unhealthy", "service.healthy", "service.restarting", "service.down", "volumes.missing", "disk.low",
            "backup.failed",
        };

        var unsaid = await AddAsync(app, new { name = "unsaid", url = Url });
        var every = await AddAsync(app, new { name = "every", url = Url, events = all.Reverse(), repos = new[] { "*" } });
        var some = await AddAsync(app, new { name = "some", url = Url, repos = new[] { "github.com/you/*" } });
        var put = await app.PutAsync($"{Path}/some", new { events = new[] { "backup.failed", "disk.low" } });
        var refused = await app.PutAsync(
            $"{Path}/some", new { events = new[] { "service.down", "backup.failed" }, repos = new[] { "github.com/you/*" } });

        Assert.Equal(all, EventsOf(unsaid));
        Assert.Equal(all, EventsOf(every));
        Assert.Equal(all[..10], EventsOf(some));
        Assert.Equal(["disk.low", "backup.failed"], EventsOf(put));
        Assert.Equal(400, refused.Status);
        Assert.Contains("backup.failed, which belongs to no repository", refused.Text, StringComparison.Ordinal);

        static IEnumerable<string?> EventsOf(Answer answer) =>
            answer.Json.GetProperty("events").EnumerateArray().Select(one => one.GetString());
    }

    [Fact]
    public async Task A_name_is_given_once_the_format_stays_and_the_built_in_one_too()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await AddAsync(app, new { name = "ops", url = Url });

        Assert.Equal(409, (await AddAsync(app, new { name = "ops", url = Url })).Status);
        Assert.Equal(409, (await AddAsync(app, new { name = "commit-status", url = Url })).Status);
        Assert.Equal(400, (await app.PutAsync($"{Path}/ops", new { format = "slack" })).Status);
        Assert.Equal(409, (await app.PutAsync($"{Path}/commit-status", new { })).Status);
        Assert.Equal(409, (await app.DeleteAsync($"{Path}/commit-status")).Status);
        Assert.Equal(404, (await app.PutAsync($"{Path}/none", new { })).Status);
        Assert.Equal(204, (await app.DeleteAsync($"{Path}/ops")).Status);
        Assert.Equal(404, (await app.DeleteAsync($"{Path}/ops")).Status);
        Assert.Equal("[]", (await app.GetAsync($"{Path}/commit-status/deliveries")).GetProperty("items").GetRawText());
    }

    [Fact]
    public async Task A_running_SPEED_tells_and_lists_it_and_tells_it_again()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Notify__AllowedHosts"] = "127.0.0.1" });
        await AddAsync(app, new { name = "ops", url = receiver.Url });
        var id = await app.StartAsync("https://example.com/r.git");
        await app.PostAsync($"/v1/deployments/{id}/cancel", new { });

        var first = await receiver.NextAsync();
        var bell = app.Services.GetRequiredService<Bell>();
        while (true)
        {
            var ring = bell.Next(Bell.Deliveries);
            if ((await DeliveryAsync(app)).Contains("\"delivered\"", StringComparison.Ordinal))
            {
                break;
            }

            await ring.WaitAsync(TimeSpan.FromSeconds(30), Now);
        }

        var again = await app.SendAsync($"{Path}/ops/deliveries/1/redeliver", "{}");
        var second = await receiver.NextAsync();

        Assert.Equal("deployment.canceled", first.Type);
        Assert.Equal((202, "pending"), (again.Status, again.Json.GetProperty("state").GetString()));
        Assert.Equal(first.Headers["webhook-id"], again.Json.GetProperty("message_id").GetString());
        Assert.Equal(first.Headers["webhook-id"], second.Headers["webhook-id"]);
        Assert.Equal(404, (await app.SendAsync($"{Path}/ops/deliveries/2/redeliver", "{}")).Status);
    }

    private static async Task<string> DeliveryAsync(SpeedApp app) =>
        (await app.GetAsync($"{Path}/ops/deliveries")).GetRawText();

    private static async Task<Answer> AddAsync(SpeedApp app, object body)
    {
        using var answer = await app.PostAsync(Path, body);
        return await Answer.ReadAsync(answer);
    }
}
