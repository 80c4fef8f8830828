using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what is stopped while a disk is nearly full, in which order, and what begins anew.</summary>
public sealed class DiskReliefTests : IAsyncLifetime
{
    private const long Mebibyte = 1024 * 1024;

    // The mark is at 100, and a quarter of it critical; there is well enough room from 125 on.
    private const int Enough = 1_000;
    private const int Low = 70;
    private const int Critical = 20;

    private readonly World _world;
    private Func<int> _free = () => Enough;

    public DiskReliefTests() => _world = new World
    {
        Settings = { ["Speed__Disk__LowBytes"] = $"{100 * Mebibyte}", ["Speed__MaxRunning"] = "2" },
        Change = services => services.AddSingleton<MeasureDisk>(_ => new DiskSpace(_free() * Mebibyte, 10_000 * Mebibyte)),
    };

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_job_that_grows_fastest_is_stopped_and_another_goes_on_to_its_end()
    {
        var calm = await _world.StartAsync(await RepositoryAsync(
            "CMD trap 'echo bye; exit 0' USR1; echo started; while :; do sleep 0.1; done"));
        var hog = await _world.StartAsync(await RepositoryAsync(
            // It has grown by the time that this is seen.
            "CMD head -c 300000 /dev/zero >> /big; echo started; while :; do head -c 300000 /dev/zero >> /big; sleep 0.1; done"));
        await _world.SeesLineAsync(calm, "started");
        await _world.SeesLineAsync(hog, "started");

        ShortUntilGone(hog);
        var stopped = await _world.EndAsync(hog);
        await _world.SignalAsync(calm, "USR1");

        Assert.Contains("because it grew fastest: by ", stopped.FailedWith("DISK_FULL", "run"), StringComparison.Ordinal);
        Assert.Equal("started\nbye", (await _world.EndAsync(calm)).Succeeded().Results);
        Assert.Equal(1, stopped.Resource.GetProperty("attempt").GetInt32());
    }

    [Fact]
    public async Task A_build_that_was_stopped_begins_anew_once_there_is_room_also_after_a_restart_of_SPEED_meanwhile()
    {
        var id = await _world.StartAsync(await RepositoryAsync(
            $"RUN echo building {Guid.NewGuid()}; sleep 4\nCMD echo ran"));
        await _world.SeesLineAsync(id, line => line.Contains("building", StringComparison.Ordinal));

        _free = () => Critical;
        await _world.SeesLineAsync(id, IsWaiting);
        var waiting = await _world.App.GetDeploymentAsync(id);
        await _world.App.RestartAsync();
        await _world.SeesLineAsync(id, IsWaiting, times: 2);
        _free = () => Enough;
        var ended = (await _world.EndAsync(id)).Succeeded();

        Assert.Equal(("Running", 2), (waiting.Text("status"), waiting.GetProperty("attempt").GetInt32()));
        Assert.Equal(JsonValueKind.Null, waiting.GetProperty("failure").ValueKind);
        Assert.Equal(("ran", 3), (ended.Results, ended.Resource.GetProperty("attempt").GetInt32()));
        Assert.Contains("It begins anew once there is room.\n", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_that_was_stopped_three_times_ends()
    {
        var id = await _world.StartAsync(await RepositoryAsync(
            $"RUN echo building {Guid.NewGuid()}; sleep 60\nCMD echo ran"));
        await _world.SeesLineAsync(id, line => line.Contains("building", StringComparison.Ordinal));

        // Each time that it has made room it begins anew, and there is none again.
        ShortUntilGone(id);
        var ended = await _world.EndAsync(id);

        ended.FailedWith("DISK_FULL", ended.Resource.GetProperty("failure").Text("phase"));
        Assert.Equal(3, ended.Resource.GetProperty("attempt").GetInt32());
        Assert.Equal(3, ended.Log.Split("because it ").Length - 1);
    }

    [Fact]
    public async Task A_service_that_fills_itself_is_started_again_and_one_that_fills_its_volume_is_left_alone()
    {
        const string Up = "HEALTHCHECK --interval=1s CMD true\n";
        var keeper = await _world.StartAsync(
            await RepositoryAsync(Up + "CMD while :; do head -c 300000 /dev/zero >> /data/big; sleep 0.5; done"),
            new { volumes = new[] { new { name = "data", path = "/data" } } });
        var hog = await _world.StartAsync(await RepositoryAsync(
            Up + "CMD trap 'fill=1' USR1; while :; do test -z \"$fill\" || head -c 300000 /dev/zero >> /big; sleep 0.1; done"));
        var before = await _world.UpAsync(keeper);
        await _world.UpAsync(hog);
        await _world.SignalAsync(hog, "USR1");

        ShortUntilGone(hog);
        await _world.WaitForAttemptAsync(hog, 2);
        var again = await _world.UpAsync(hog);

        var after = await _world.App.GetDeploymentAsync(keeper);
        Assert.Equal((1, before.Text("up_at")), (after.GetProperty("attempt").GetInt32(), after.Text("up_at")));
        Assert.Equal(2, again.GetProperty("attempt").GetInt32());
        Assert.Contains("because it grew fastest: by ", await _world.LogAsync(again), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task For_want_of_room_clean_up_takes_the_caches_of_its_own_builds_alone_and_all_but_the_last_image()
    {
        await using var mine = await WithoutHousekeepingAsync();
        await using var other = await WithoutHousekeepingAsync();
        await CacheAsync(other, 1);
        var (repository, first) = await CacheAsync(mine, 1);
        await CacheAsync(mine, 2, repository);
        Assert.Empty(await ListAsync(mine));

        _free = () => Low;
        var listed = await ListAsync(mine);
        var done = (await mine.App.SendAsync("/v1/gc", "")).Json.GetProperty("items");

        // Docker 20.10 does not tell whose a cache mount is.
        var tells = !(await DockerCli.RunAsync("version", "--format", "{{.Server.Version}}")).StartsWith("20.", StringComparison.Ordinal);
        Assert.Equal(tells ? ["cache", "image"] : ["image"], listed.Select(item => item.Text("kind")));
        Assert.Equal(first, listed[^1].Text("id"));
        Assert.Equal(tells ? 2 : 1, done.GetArrayLength());
        Assert.Empty(await ListAsync(mine));
        Assert.Equal(tells ? ["cache"] : [], (await ListAsync(other)).Select(item => item.Text("kind")));
    }

    private async Task<World> WithoutHousekeepingAsync()
    {
        var world = new World
        {
            Settings = _world.Settings,
            Change = services =>
            {
                _world.Change!(services);
                services.Remove(services.Single(service => service.ImplementationType == typeof(Housekeeping)));
            },
        };
        await world.InitializeAsync();
        return world;
    }

    private static async Task<(GitRepository Repository, string ImageId)> CacheAsync(
        World world, int n, GitRepository? repository = null)
    {
        repository ??= await world.RepositoryAsync(r => r.File("README", "A repository of its own."));
        await repository.ChangeAsync(r => r.File(
            "Dockerfile",
            $"FROM busybox\nRUN --mount=type=cache,target=/c,id=k echo {world.Instance} {n} > /c/f && cp /c/f /f\nCMD true\n"));
        var imageId = (await world.DeployAsync(repository)).Succeeded().ImageId;
        await world.EventuallyNoContainersAsync();
        return (repository, imageId);
    }

    private static async Task<List<JsonElement>> ListAsync(World world)
    {
        world.App.Services.GetRequiredService<DiskGuard>().Look();
        return [.. (await world.App.GetAsync("/v1/gc")).GetProperty("items").EnumerateArray()];
    }

    private static bool IsWaiting(string line) => line.EndsWith("This deployment waits for that.", StringComparison.Ordinal);

    private Task<GitRepository> RepositoryAsync(string instructions) =>
        _world.RepositoryAsync(r => r.File("Dockerfile", $"FROM busybox\n{instructions}\n"));

    // As if that deployment alone took the room.
    private void ShortUntilGone(long id)
    {
        var lives = _world.App.Services.GetRequiredService<LivesAtWork>();
        _free = () => lives.Has(id) ? Critical : Enough;
    }
}
