using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.Notifications;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: a backup is whole while SPEED writes.</summary>
public sealed class BackupTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_made_under_load_has_every_acknowledgement_before_it_and_starts()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxQueued"] = "100000" });
        using var stop = new CancellationTokenSource();
        long acknowledged = 0;
        var load = Enumerable.Range(0, 4).Select(_ => LoadAsync()).ToArray();
        while (Interlocked.Read(ref acknowledged) < 200)
        {
            await Task.Delay(5, Now);
        }

        var before = Interlocked.Read(ref acknowledged);
        var answer = await app.SendAsync("/v1/backup", "");
        await stop.CancelAsync();
        await Task.WhenAll(load);

        Assert.Equal(201, answer.Status);
        var folder = answer.Json.GetProperty("path").GetString()!;
        Assert.Equal(Path.Combine(app.DataDirectory, "backups"), Path.GetDirectoryName(folder));
        Assert.Equal(
            ["deployments.db", "logs.db"],
            answer.Json.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("name").GetString()));
        Assert.All(
            answer.Json.GetProperty("files").EnumerateArray(),
            file => Assert.Equal(
                new FileInfo(Path.Combine(folder, file.GetProperty("name").GetString()!)).Length,
                file.GetProperty("bytes").GetInt64()));
        Assert.Contains("Keys are not in it", answer.Json.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Contains("speed restore", answer.Json.GetProperty("note").GetString(), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(folder));
        }

        await using var restored = await SpeedApp.RestoreIdleAsync(folder);
        Assert.Equal("Pending", (await restored.InfoAsync(before)).GetProperty("status").GetString());
        Assert.True(await restored.StartAsync("https://example.com/r.git") > before);

        async Task LoadAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                await app.StartAsync("https://example.com/r.git");
                Interlocked.Increment(ref acknowledged);
            }
        }
    }

    [Fact]
    public async Task A_deployment_that_is_over_in_the_copy_has_its_log_there()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var logs = app.Services.GetRequiredService<ILogStore>();
        var id = await app.StartAsync("https://example.com/r.git");
        var claimed = (await store.ClaimNextAsync("w", Now))!;
        await logs.OpenAsync(id, Now);
        var line = new LogLine(1, DateTimeOffset.UnixEpoch, DeploymentPhase.Run, LogStream.Stdout, "hello", false);
        await logs.AppendAsync(id, new LogChunk([line], 6), Now);
        await logs.CloseAsync(id, Now);
        await store.SettleAsync(claimed.Claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now);

        var folder = (await app.SendAsync("/v1/backup", "")).Json.GetProperty("path").GetString()!;

        await using var restored = await SpeedApp.RestoreIdleAsync(folder);
        Assert.Equal("hello\n", await restored.ReadLogToEndAsync(id));
        Assert.True((await restored.GetDeploymentAsync(id)).GetProperty("log").GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task A_low_disk_has_no_room_for_a_copy()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Disk__LowBytes"] = $"{1L << 50}" });

        var answer = await app.SendAsync("/v1/backup", "");

        Assert.Equal((503, "DISK_LOW"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.True(int.Parse(answer.Headers["Retry-After"]) > 0);
        Assert.False(Directory.Exists(Path.Combine(app.DataDirectory, "backups")));
    }

    [Fact]
    public async Task A_backup_that_was_asked_for_and_not_made_is_told_whoever_asked()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Notify__AllowedHosts"] = "127.0.0.1" });
        await File.WriteAllTextAsync(Path.Combine(app.DataDirectory, "backups"), "no folder", Now);
        (await app.PostAsync("/v1/notifications", new { name = "ops", url = receiver.Url, events = new[] { "backup.failed" } })).Dispose();

        var answer = await app.SendAsync("/v1/backup", "");
        var told = await receiver.NextAsync();
        File.Delete(Path.Combine(app.DataDirectory, "backups"));
        Assert.Equal(201, (await app.SendAsync("/v1/backup", "")).Status);

        Assert.Equal((500, "backup.failed"), (answer.Status, told.Type));
        Assert.Equal(["host", "message"], told.Json.GetProperty("data").EnumerateObject().Select(member => member.Name));
        Assert.Equal(Environment.MachineName, told.Json.GetProperty("data").GetProperty("host").GetString());
        Assert.StartsWith(
            "No backup was made. ", told.Json.GetProperty("data").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Single(receiver.All);
    }

    [Fact]
    public async Task A_backup_for_which_there_is_no_room_is_told_after_the_low_disk_which_is_told_once()
    {
        var free = 500L << 20;
        await using var receiver = await Receiver.StartAsync();
        await using var app = await SpeedApp.OpenAsync(
            new()
            {
                ["Speed__MaxRunning"] = "0",
                ["Speed__Notify__AllowedHosts"] = "127.0.0.1",
                ["Speed__Disk__LowBytes"] = $"{100L << 20}",
            },
            services => services.AddSingleton<MeasureDisk>(
                _ => new DiskSpace(Interlocked.Read(ref free), 1_000L << 20)));
        (await app.PostAsync("/v1/notifications", new { name = "ops", url = receiver.Url })).Dispose();

        Interlocked.Exchange(ref free, 80L << 20);
        var low = await receiver.NextAsync();
        await app.UntilDeliveredAsync("ops");
        await app.RestartAsync();
        var answer = await app.SendAsync("/v1/backup", "");
        var failed = await receiver.NextAsync();
        var listed = (await app.GetAsync("/v1/notifications/ops/deliveries")).GetProperty("items");

        Assert.Equal((503, "disk.low", "backup.failed"), (answer.Status, low.Type, failed.Type));
        var sentence = low.Json.GetProperty("data").GetProperty("message").GetString()!;
        Assert.Contains("has 80 MiB to spare and needs 100 MiB (Speed__Disk__LowBytes)", sentence, StringComparison.Ordinal);
        Assert.Equal($"No backup was made. {sentence}", failed.Json.GetProperty("data").GetProperty("message").GetString());
        Assert.Equal(
            ["backup.failed", "disk.low"], listed.EnumerateArray().Select(one => one.GetProperty("event").GetString()));
        Assert.All(listed.EnumerateArray(), one => Assert.Equal("null", one.GetProperty("deployment_id").GetRawText()));
        var again = await app.SendAsync(
            $"/v1/notifications/ops/deliveries/{listed[1].GetProperty("id")}/redeliver", "{}");
        Assert.Equal(202, again.Status);
        Assert.Equal(low.Headers["webhook-id"], (await receiver.NextAsync()).Headers["webhook-id"]);
        Assert.Equal(3, receiver.All.Count);
    }

    [Fact]
    public async Task What_a_killed_backup_left_is_gone_with_the_next_one()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var left = Directory.CreateDirectory(
            Path.Combine(app.DataDirectory, "backups", "2026-01-01T00-00-00.000Z.part"));

        Assert.Equal(201, (await app.SendAsync("/v1/backup", "")).Status);

        Assert.False(Directory.Exists(left.FullName));
    }
}
