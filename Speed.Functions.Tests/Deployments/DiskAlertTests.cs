using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Speed.Data;
using Speed.Deployments;
using Speed.Security;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives real SQLite: when others are told of a low disk.</summary>
public sealed class DiskAlertTests : IAsyncLifetime
{
    private const long Mebibyte = 1024 * 1024;

    private readonly TempFolder _folder = new();
    private readonly SqliteStores _stores;
    private readonly DiskGuard _guard;
    private long _free;

    public DiskAlertTests()
    {
        _stores = new SqliteStores(
            new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);
        _guard = new DiskGuard(
            new DataFolder(_folder.FullPath), new Ballast(new DataFolder(_folder.File("elsewhere"))), new Bell(),
            _ => new DiskSpace(_free * Mebibyte, 10_000 * Mebibyte),
            Options.Create(new DeploymentSettings { DiskLowBytes = 100 * Mebibyte }), NullLogger<DiskGuard>.Instance);
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _stores.Deployments.AddNotificationAsync(
        new SealedNotification(
            "ops", NotificationFormat.Slack, "https://a.example", [NotificationEvent.DiskLow], [], DateTimeOffset.UnixEpoch,
            null, [1]),
        100,
        Now);

    public ValueTask DisposeAsync()
    {
        _stores.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_is_told_when_the_mark_is_crossed_and_not_again_until_there_was_well_enough()
    {
        var alert = new DiskAlert(_guard, _stores.Deployments);

        foreach (var free in new[] { 500L, 163, 160, 20, 170, 163, 170, 188 })
        {
            await SeeAsync(alert, free);
        }

        // Room comes and goes at the very mark, which is at 164 with the ballast.
        Assert.Single(await ToldAsync());
        await SeeAsync(alert, 200);
        await SeeAsync(alert, 163);
        Assert.Equal(2, (await ToldAsync()).Count);
    }

    [Fact]
    public async Task It_is_told_in_the_guard_s_own_sentence()
    {
        await SeeAsync(new DiskAlert(_guard, _stores.Deployments), 140);

        var told = Assert.Single(await ToldAsync());
        var summary = System.Text.Json.JsonSerializer.Deserialize<HostSummary>(told.Data, DeploymentOptions.Json)!;
        Assert.Equal(_guard.Fault, summary.Message);
        Assert.Contains("Speed__Disk__LowBytes", summary.Message, StringComparison.Ordinal);
        Assert.Equal(Environment.MachineName, summary.Host);
    }

    [Fact]
    public async Task A_SPEED_that_is_started_anew_does_not_repeat_it_and_knows_when_it_is_over()
    {
        await SeeAsync(new DiskAlert(_guard, _stores.Deployments), 140);
        await SeeAsync(new DiskAlert(_guard, _stores.Deployments), 140);
        Assert.Single(await ToldAsync());

        await SeeAsync(new DiskAlert(_guard, _stores.Deployments), 500);
        await SeeAsync(new DiskAlert(_guard, _stores.Deployments), 140);
        Assert.Equal(2, (await ToldAsync()).Count);
    }

    private async Task SeeAsync(DiskAlert alert, long free)
    {
        _free = free;
        _guard.Look();
        await alert.LookAsync(Now);
    }

    private Task<IReadOnlyList<Happening>> ToldAsync() => _stores.Deployments.ReadOutboxAsync(Now);
}
