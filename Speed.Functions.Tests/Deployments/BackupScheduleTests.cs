using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Speed.Data;
using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives real SQLite: backups by the clock, and which of them go again.</summary>
public sealed class BackupScheduleTests : IAsyncDisposable
{
    private static readonly DeploymentSettings EverySixHours = new() { BackupEveryHours = 6, BackupKeep = 2 };

    private readonly TempFolder _folder = new();
    private readonly WaitedTime _time = new();
    private int _waits;
    private readonly SqliteStores _stores;
    private readonly Backup _backup;
    private DiskSpace _space = new(1L << 40, 1L << 40);

    public BackupScheduleTests()
    {
        _stores = new SqliteStores(new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);
        var data = new DataFolder(_folder.FullPath);
        var disk = new DiskGuard(
            data, _stores.Ballast, new Bell(), _ => _space, Options.Create(new DeploymentSettings()),
            NullLogger<DiskGuard>.Instance);
        _backup = new Backup(
            data, _stores.Deployments, _stores.Logs, _stores.Deployments, disk, _time, NullLogger<Backup>.Instance);
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string[] Scheduled =>
        [.. _backup.List().Where(copy => copy.Kind == BackupKind.Scheduled).Select(copy => Path.GetFileName(copy.FullPath))];

    public async ValueTask DisposeAsync()
    {
        _backup.Dispose();
        _stores.Dispose();
        _folder.Dispose();
        await Task.CompletedTask;
    }

    [Fact]
    public async Task They_come_in_time_and_only_the_schedules_own_old_ones_go()
    {
        var asked = await _backup.MakeAsync(BackupKind.Asked, Now);
        var others = new[] { "before-13", "mine", "scheduled-mine", "2026-01-01T00-00-00.000Z" }
            .Select(name => Path.Combine(_folder.FullPath, "backups", name)).ToArray();
        foreach (var other in others)
        {
            Directory.CreateDirectory(other);
            File.Copy(Path.Combine(asked!, "deployments.db"), Path.Combine(other, "deployments.db"));
        }

        using var schedule = await StartAsync();
        await AfterAsync(TimeSpan.FromMinutes(1), ["scheduled-2026-01-02T03-05-05.000Z"]);
        await AfterAsync(
            TimeSpan.FromHours(6), ["scheduled-2026-01-02T09-05-05.000Z", "scheduled-2026-01-02T03-05-05.000Z"]);
        await AfterAsync(
            TimeSpan.FromHours(6), ["scheduled-2026-01-02T15-05-05.000Z", "scheduled-2026-01-02T09-05-05.000Z"]);
        await schedule.StopAsync(Now);

        Assert.All(others.Append(asked!), other => Assert.True(Directory.Exists(other), other));
        Assert.Equal(others.Length + 3, Directory.GetDirectories(Path.Combine(_folder.FullPath, "backups")).Length);
    }

    [Fact]
    public async Task A_start_counts_on_from_the_newest_one()
    {
        await _backup.MakeAsync(BackupKind.Scheduled, Now);
        _time.Advance(TimeSpan.FromHours(5));

        using var schedule = await StartAsync();
        await WaitsAsync();
        _time.Advance(TimeSpan.FromMinutes(59));
        var before = Scheduled;
        _time.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(() => Scheduled.SequenceEqual(
            ["scheduled-2026-01-02T09-04-05.000Z", "scheduled-2026-01-02T03-04-05.000Z"]));
        await schedule.StopAsync(Now);

        Assert.Single(before);
    }

    [Fact]
    public async Task None_is_made_unless_the_operator_asks_for_it()
    {
        using var schedule = await StartAsync(new DeploymentSettings());

        await schedule.ExecuteTask!;
        Assert.Empty(Scheduled);
        Assert.StartsWith("none by schedule", (await CheckAsync(schedule)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_failed_is_seen_in_the_doctor_until_the_next_one_within_the_hour()
    {
        _space = new DiskSpace(1, 1L << 40);
        using var schedule = await StartAsync();
        await WaitsAsync();
        _time.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(() => schedule.Failure is not null);
        await WaitsAsync();
        var failed = await CheckAsync(schedule);

        _space = new DiskSpace(1L << 40, 1L << 40);
        _time.Advance(TimeSpan.FromHours(1));
        await UntilAsync(() => schedule.Failure is null);
        _time.Advance(TimeSpan.FromHours(3));
        var made = await CheckAsync(schedule);
        await schedule.StopAsync(Now);

        Assert.False(failed.IsOk);
        Assert.Contains("has no room", failed.Detail, StringComparison.Ordinal);
        Assert.True(made.IsOk);
        Assert.StartsWith("every 6 h; the newest is 3 hours old, ", made.Detail, StringComparison.Ordinal);
        Assert.Contains("secrets.key, admin.key and volumes are in none", made.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_that_cannot_be_written_is_a_failure_too()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullPath, "backups"), "a file", Now);
        using var schedule = await StartAsync();
        await WaitsAsync();

        _time.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(() => schedule.Failure is not null);
        await schedule.StopAsync(Now);

        Assert.Contains("backups", schedule.Failure!.Why, StringComparison.Ordinal);
    }

    private async Task<BackupSchedule> StartAsync(DeploymentSettings? settings = null)
    {
        var schedule = new BackupSchedule(
            _backup, _time, Options.Create(settings ?? EverySixHours), NullLogger<BackupSchedule>.Instance);
        await schedule.StartAsync(Now);
        return schedule;
    }

    private async Task<Finding> CheckAsync(BackupSchedule schedule) =>
        Assert.Single(await new BackupCheckup(_backup, schedule, _time).CheckAsync(Now));

    private async Task AfterAsync(TimeSpan time, string[] scheduled)
    {
        await WaitsAsync();
        _time.Advance(time);
        await UntilAsync(() => Scheduled.SequenceEqual(scheduled));
    }

    // Until the schedule has come to its next wait: a clock that is put on before would leave it waiting.
    private Task WaitsAsync()
    {
        _waits++;
        return UntilAsync(() => _time.Waits >= _waits);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(10, Now);
        }
    }

    /// <summary>Counts how often somebody began to wait.</summary>
    private sealed class WaitedTime() : FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))
    {
        private int _waits;

        public int Waits => Volatile.Read(ref _waits);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _waits);
            return timer;
        }
    }
}
