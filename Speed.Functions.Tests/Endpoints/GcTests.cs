using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: what clean-up would remove, and what it did.</summary>
public sealed class GcTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Old_logs_go_but_for_the_last_ten_of_their_branch_and_say_where_they_went()
    {
        await using var app = await OpenAsync();
        await EndManyAsync(app, 12);
        Assert.Empty(Items(await app.GetAsync("/v1/gc")));
        _time.Advance(TimeSpan.FromDays(31));

        var listed = await app.GetAsync("/v1/gc");
        var done = (await app.SendAsync("/v1/gc", "")).Json;

        Assert.Equal([("log", "1"), ("log", "2")], Items(listed));
        Assert.Equal(listed.GetRawText(), done.GetRawText());
        Assert.All(
            listed.GetProperty("items").EnumerateArray(),
            item => Assert.StartsWith(
                "older than 30 days, ", item.GetProperty("reason").GetString(), StringComparison.Ordinal));
        Assert.Equal("[gap: older than 30 days, 6 bytes]\n", await app.ReadLogToEndAsync(1));
        Assert.Equal("hello\n", await app.ReadLogToEndAsync(3));
        Assert.False((await app.GetDeploymentAsync(1)).GetProperty("log").GetProperty("complete").GetBoolean());
        Assert.Empty(Items(await app.GetAsync("/v1/gc")));
    }

    [Fact]
    public async Task Records_go_with_results_and_log_where_the_operator_says_so_and_unfinished_ones_never()
    {
        await using var app = await OpenAsync(("Speed__Retention__RecordDays", "7"));
        await EndManyAsync(app, 2);
        var pending = await app.StartAsync("https://example.com/r.git");
        _time.Advance(TimeSpan.FromDays(8));

        var done = (await app.SendAsync("/v1/gc", "")).Json;

        Assert.Equal([("record", "1"), ("record", "2")], Items(done));
        Assert.Equal(404, (int)(await app.Client.GetAsync("/info/1", Now)).StatusCode);
        Assert.Equal(404, (int)(await app.Client.GetAsync("/v1/deployments/1/logs", Now)).StatusCode);
        Assert.Equal("Pending", (await app.InfoAsync(pending)).GetProperty("status").GetString());
        Assert.Equal(LogSummary.Empty, await app.Services.GetRequiredService<ILogStore>().SummarizeAsync(1, Now));
    }

    [Fact]
    public async Task For_want_of_room_logs_go_before_their_time()
    {
        DiskSpace space = new(1L << 40, 1L << 40);
        await using var app = await OpenAsync(() => space);
        await EndManyAsync(app, 13);
        space = new DiskSpace(1L << 30, 1L << 40);
        var disk = app.Services.GetRequiredService<DiskGuard>();
        disk.Look();

        var low = Items(await app.GetAsync("/v1/gc"));

        Assert.Equal(DiskLevel.Low, disk.Level);
        Assert.Equal([("log", "1"), ("log", "2"), ("log", "3")], low);
    }

    [Fact]
    public async Task Clean_up_comes_by_itself_once_an_hour_and_when_a_disk_is_low()
    {
        DiskSpace space = new(1L << 40, 1L << 40);
        await using var app = await OpenAsync(() => space, byItself: true);
        await EndManyAsync(app, 12);
        var logs = app.Services.GetRequiredService<ILogStore>();

        space = new DiskSpace(1L << 30, 1L << 40);
        app.Services.GetRequiredService<DiskGuard>().Look();
        await GoneAsync(1, TimeSpan.Zero);
        space = new DiskSpace(1L << 40, 1L << 40);
        app.Services.GetRequiredService<DiskGuard>().Look();
        await EndManyAsync(app, 1);
        _time.Advance(TimeSpan.FromDays(31));
        await GoneAsync(3, TimeSpan.FromHours(1));

        async Task GoneAsync(long id, TimeSpan step)
        {
            while ((await logs.SummarizeAsync(id, Now)).Bytes > 0)
            {
                _time.Advance(step);
                await Task.Yield();
            }
        }
    }

    private Task<SpeedApp> OpenAsync(params (string Name, string Value)[] settings) =>
        OpenAsync(() => new DiskSpace(1L << 40, 1L << 40), byItself: false, settings);

    private Task<SpeedApp> OpenAsync(
        Func<DiskSpace> space, bool byItself = false, params (string Name, string Value)[] settings) =>
        SpeedApp.OpenAsync(
            new(settings.ToDictionary(setting => setting.Name, setting => setting.Value))
            {
                ["Speed__MaxRunning"] = "0",
                ["Speed__MaxTimeouts__queue_s"] = $"{30 * 86_400}",
                ["Speed__Timeouts__queue_s"] = $"{30 * 86_400}",
            },
            services =>
            {
                services.AddSingleton<TimeProvider>(_time).AddSingleton<MeasureDisk>(_ => space());
                foreach (var one in services.Where(one => !IsWanted(one.ImplementationType, byItself)).ToList())
                {
                    services.Remove(one);
                }
            });

    // A clock that leaps would have the watch of the disk make up for every second.
    private static bool IsWanted(Type? service, bool byItself) =>
        service != typeof(DiskWatch) && (byItself || service != typeof(Housekeeping));

    private async Task EndManyAsync(SpeedApp app, int count)
    {
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var logs = app.Services.GetRequiredService<ILogStore>();
        for (var i = 0; i < count; i++)
        {
            var id = await app.StartAsync("https://example.com/r.git");
            var claimed = (await store.ClaimNextAsync("w", Now))!;
            await logs.OpenAsync(id, Now);
            var line = new LogLine(1, _time.GetUtcNow(), DeploymentPhase.Run, LogStream.Stdout, "hello", false);
            await logs.AppendAsync(id, new LogChunk([line], 6), Now);
            await logs.CloseAsync(id, Now);
            await store.SettleAsync(
                claimed.Claim,
                new Settlement(DeploymentStatus.Succeeded, null, 0, [new NewResult(ResultSource.Stdout, "out")]),
                Now);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private static List<(string Kind, string Id)> Items(JsonElement list) =>
    [
        .. list.GetProperty("items").EnumerateArray().Select(
            item => (item.GetProperty("kind").GetString()!, item.GetProperty("id").GetString()!)),
    ];
}
