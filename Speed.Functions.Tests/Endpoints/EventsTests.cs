using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Data;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: every change of every deployment, as a stream.</summary>
public sealed class EventsTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task First_comes_how_things_stand_and_then_every_change()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var over = await app.StartAsync(Url);
        await app.UpdateAsync(over, "Succeeded");
        var open = await app.StartAsync(Url);

        using var reader = await EventReader.OpenAsync(app.Client, "/v1/events");
        var snapshot = (await reader.ReadAsync())!;
        await app.UpdateAsync(open, "Running");
        var change = (await reader.ReadAsync())!;

        var only = Assert.Single(snapshot.Data.GetProperty("deployments").EnumerateArray());
        Assert.Equal(("snapshot", false), (snapshot.Name, snapshot.Data.GetProperty("more").GetBoolean()));
        Assert.Equal((open, 1, "Pending"), Told(only));
        Assert.Equal(("change", (open, 2, "Running")), (change.Name, Told(change.Data)));
        Assert.Equal(long.Parse(snapshot.Id!) + 1, long.Parse(change.Id!));
    }

    [Fact]
    public async Task Every_version_of_every_deployment_is_told_once_in_order_to_whoever_comes_again()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var first = await EventReader.OpenAsync(app.Client, "/v1/events");
        await first.ReadAsync();
        var one = await app.StartAsync(Url);
        var added = await first.ReadAsync();
        first.Dispose();
        var two = await app.StartAsync(Url);
        await app.UpdateAsync(one, "Running");
        await app.UpdateAsync(one, "Failed");
        await app.RestartAsync();

        using var again = await EventReader.OpenAsync(app.Client, "/v1/events", first.LastId);
        var missed = new[] { await again.ReadAsync(), await again.ReadAsync(), await again.ReadAsync() };

        Assert.Equal((one, 1, "Pending"), Told(added!.Data));
        Assert.Equal([(two, 1, "Pending"), (one, 2, "Running"), (one, 3, "Failed")], missed.Select(x => Told(x!.Data)));
    }

    [Fact]
    public async Task A_token_for_some_repositories_hears_of_those_only()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"], ["github.com/owner/*"]);
        await app.StartWithAsync(app.AdminKey(), "https://github.com/stranger/app.git");
        var own = await app.StartWithAsync(app.AdminKey(), Url);
        app.Client.DefaultRequestHeaders.Authorization = new("Bearer", token);

        using var reader = await EventReader.OpenAsync(app.Client, "/v1/events");
        var snapshot = (await reader.ReadAsync())!;
        await app.StartWithAsync(app.AdminKey(), "https://github.com/stranger/app.git");
        var next = await app.StartWithAsync(app.AdminKey(), Url);
        var change = (await reader.ReadAsync())!;

        Assert.Equal((own, 1, "Pending"), Told(Assert.Single(snapshot.Data.GetProperty("deployments").EnumerateArray())));
        Assert.Equal((next, 1, "Pending"), Told(change.Data));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("999999999")]
    public async Task Whoever_was_away_for_too_long_is_told_so_and_starts_anew(string lastId)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync(Url);
        await MakeEventsAsync(app, 20_000);

        using var reader = await EventReader.OpenAsync(app.Client, "/v1/events", lastId);
        var (reset, snapshot) = ((await reader.ReadAsync())!, (await reader.ReadAsync())!);
        await app.UpdateAsync(id, "Succeeded");
        var change = (await reader.ReadAsync())!;

        Assert.Equal(("reset", null), (reset.Name, reset.Id));
        Assert.Equal(("snapshot", "20001"), (snapshot.Name, snapshot.Id));
        Assert.Equal(("change", (id, 2, "Running")), (change.Name, Told(change.Data)));
    }

    [Fact]
    public async Task A_long_snapshot_comes_in_parts_and_the_last_one_alone_counts()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var ids = new List<long>();
        for (var i = 0; i < 120; i++)
        {
            ids.Add(await app.StartAsync(Url));
        }

        using var reader = await EventReader.OpenAsync(app.Client, "/v1/events");
        var parts = new[] { await reader.ReadAsync(), await reader.ReadAsync(), await reader.ReadAsync() };

        Assert.Equal([null, null, "120"], parts.Select(part => part!.Id));
        Assert.Equal([true, true, false], parts.Select(part => part!.Data.GetProperty("more").GetBoolean()));
        Assert.Equal(
            ids,
            parts.SelectMany(part => part!.Data.GetProperty("deployments").EnumerateArray())
                .Select(one => one.GetProperty("deployment_id").GetInt64()));
    }

    [Fact]
    public async Task A_stream_of_events_ends_when_SPEED_stops()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var client = new HttpClient { BaseAddress = app.Client.BaseAddress };
        using var reader = await EventReader.OpenAsync(client, "/v1/events");
        await reader.ReadAsync();

        await app.RestartAsync();

        Assert.Empty(await reader.ReadToEndAsync());
    }

    private static (long Id, long Version, string Status) Told(JsonElement change) => (
        change.GetProperty("deployment_id").GetInt64(),
        change.GetProperty("version").GetInt64(),
        change.GetProperty("status").GetString()!);

    // As many as if deployments had changed so often.
    private static Task<int> MakeEventsAsync(SpeedApp app, int count) =>
        app.Services.GetRequiredService<DbManager>().Database.WriteAsync(
            db => db.Execute(
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $count)
                INSERT INTO event (deployment_id, url, version, status, at_ms)
                SELECT 0, '', i, 'Pending', 0
                FROM n
                """,
                ("$count", count)),
            Now);
}
