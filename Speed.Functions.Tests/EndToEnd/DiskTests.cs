using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: a data directory on a disk that really runs full.</summary>
public sealed class DiskTests
{
    private const int Mebibyte = 1024 * 1024;
    private const string Start = """{"url": "https://example.com/r.git", "branch": "main"}""";
    private const string Waits = "FROM busybox\nCMD echo started; sleep 600\n";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_stops_what_runs_starts_nothing_new_loses_nothing_and_is_over_once_there_is_room()
    {
        Assert.True(Tmpfs.IsAvailable, "This test mounts a disk of its own: run it as root, on Linux.");
        using var disk = new Tmpfs(192);
        await using var world = await WorldOnAsync(disk);
        var running = await world.StartAsync(await world.RepositoryAsync(r => r.File("Dockerfile", Waits)));
        await world.SeesLineAsync(running, "started");
        var waiting = await world.StartAsync(
            await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD echo second\n")));

        disk.Fill();
        var stopped = await world.EndAsync(running);
        var refused = await world.App.SendAsync("/start", Start);
        var held = await world.App.GetDeploymentAsync(waiting);

        var told = stopped.FailedWith("DISK_FULL", "run");
        Assert.Contains("Speed__Disk__LowBytes", told, StringComparison.Ordinal);
        Assert.Contains("started\n", stopped.Log, StringComparison.Ordinal);
        Assert.Equal(503, refused.Status);
        Assert.True(int.Parse(refused.Headers["Retry-After"]) > 0);
        Assert.Contains("Speed__Disk__LowBytes", refused.Error, StringComparison.Ordinal);
        Assert.Equal("Pending", held.GetProperty("status").GetString());
        var reason = held.GetProperty("waiting").GetProperty("reason").GetString();
        Assert.Contains("Speed__Disk__LowBytes", reason, StringComparison.Ordinal);

        disk.Free();
        var second = (await world.EndAsync(waiting)).Succeeded();

        Assert.Equal("second", second.Results);
        Assert.True(File.Exists(Path.Combine(disk.Data, "ballast")));
        await world.EventuallyNoContainersAsync();
        await world.App.RestartAsync();
        Assert.Equal(stopped.Resource.GetRawText(), (await world.App.GetDeploymentAsync(running)).GetRawText());
        Assert.Equal(second.Resource.GetRawText(), (await world.App.GetDeploymentAsync(waiting)).GetRawText());
        Assert.Equal(waiting + 1, await world.App.StartAsync("https://example.com/r.git"));
    }

    [Fact]
    public async Task A_low_disk_lets_what_runs_go_on()
    {
        Assert.True(Tmpfs.IsAvailable, "This test mounts a disk of its own: run it as root, on Linux.");
        using var disk = new Tmpfs(192);
        await using var world = await WorldOnAsync(disk, ("Speed__Disk__LowBytes", $"{80 * Mebibyte}"));
        var repository = await world.RepositoryAsync(r => r.File(
            "Dockerfile",
            "FROM busybox\nCMD trap 'echo bye; exit 0' USR1; echo started; while :; do sleep 0.1; done\n"));
        var running = await world.StartAsync(repository);
        await world.SeesLineAsync(running, "started");

        disk.Fill(leaving: 50 * Mebibyte);
        await EventuallyAsync(async () => (await world.App.SendAsync("/start", Start)).Status == 503);
        await world.SignalAsync(running, "USR1");

        Assert.Equal("started\nbye", (await world.EndAsync(running)).Succeeded().Results);
    }

    [Fact]
    public async Task A_program_whose_own_log_fills_the_disk_still_ends_with_its_log()
    {
        Assert.True(Tmpfs.IsAvailable, "This test mounts a disk of its own: run it as root, on Linux.");
        using var disk = new Tmpfs(48);
        await using var world = await WorldOnAsync(disk, ("Speed__Log__MaxBytes", $"{256 * Mebibyte}"));

        var repository = await world.RepositoryAsync(r => r.File(
            "Dockerfile", "FROM busybox\nCMD yes 0123456789012345678901234567890123456789\n"));
        var ended = await world.EndAsync(await world.StartAsync(repository), TimeSpan.FromMinutes(3));

        ended.FailedWith("DISK_FULL", "run");
        var log = ended.Resource.GetProperty("log");
        Assert.True(log.GetProperty("lines").GetInt64() > 1_000);
        Assert.Contains("[gap: the disk was full, unknown bytes]\n", ended.Log, StringComparison.Ordinal);
        Assert.Equal(64, log.GetProperty("sha256").GetString()!.Length);
        Assert.Equal(JsonValueKind.Null, ended.Resource.GetProperty("phase").ValueKind);
    }

    private static async Task<World> WorldOnAsync(Tmpfs disk, params (string Name, string Value)[] more)
    {
        var settings = more.ToDictionary(setting => setting.Name, setting => setting.Value);
        settings["Speed__DataDirectory"] = disk.Data;
        settings["Speed__MaxRunning"] = "1";
        var world = new World { Settings = settings };
        await world.InitializeAsync();
        return world;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> isSo)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Now);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (!await isSo())
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
