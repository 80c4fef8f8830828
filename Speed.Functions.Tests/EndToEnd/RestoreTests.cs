using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Speed.Tests.Chaos;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives SPEED's process and the real engine: a backup is restored while the engine goes on as it was.</summary>
public sealed class RestoreTests : IAsyncLifetime
{
    private const string Job =
        "FROM busybox\nCMD echo started; trap 'echo ended; exit 0' USR1; while true; do sleep 0.1; done\n";

    private readonly SpeedProcess _speed = new(("Speed__MaxRunning", "4"));
    private GitServer _git = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _git = await GitServer.StartAsync();
        await _speed.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _speed.DisposeAsync();
        await _git.DisposeAsync();
    }

    [Fact]
    public async Task A_restored_copy_goes_on_with_what_it_knows_and_keeps_what_came_after_it()
    {
        var job = await _git.CreateAsync("job", r => r.File("Dockerfile", Job));
        var known = await StartAsync(job.Url);
        var backup = await BackUpAsync();
        var service = await _git.CreateAsync("service", Services.Server("hello"));
        var later = await _speed.DeployAsync(service.Url);
        var up = await UpAsync(later);
        var name = $"speed-{_speed.Instance}-{later}-1";

        var said = await RestoreAsync(backup);
        await _speed.StartAsync();
        var next = await StartAsync(job.Url);
        var gc = await _speed.Client.GetFromJsonAsync<JsonElement>("/v1/gc", Now);

        // Started once more: no start removes it either, and what it serves it serves.
        await _speed.RestartAsync();
        using var http = new HttpClient();
        Assert.Equal("hello", await http.GetStringAsync(Services.AddressOf(up), Now));
        await EndJobAsync(known);
        await EndJobAsync(next);
        await DockerCli.EventuallyNoContainersAsync($"speed-{_speed.Instance}-{next}-");

        Assert.Contains($"number {later + 1}.", said, StringComparison.Ordinal);
        Assert.Contains(name, said, StringComparison.Ordinal);
        Assert.Equal(later + 1, next);
        Assert.Equal(1, (await _speed.GetAsync(known)).GetProperty("attempt").GetInt32());
        var unrecorded = gc.GetProperty("unrecorded").EnumerateArray().Select(item => item.Text("kind")).Order();
        Assert.Equal(["container", "image"], unrecorded);
        Assert.Equal([name], await DockerCli.ContainersAsync($"speed-{_speed.Instance}-"));
        using var answer = await _speed.Client.PostAsJsonAsync("/v1/gc", new { unrecorded = true }, Now);
        Assert.True(answer.IsSuccessStatusCode);
        Assert.Empty(await DockerCli.ContainersAsync($"speed-{_speed.Instance}-"));
    }

    [Fact]
    public async Task A_service_that_was_started_again_after_the_backup_is_adopted_as_it_is()
    {
        var service = await _git.CreateAsync("service", Services.Server("hello"));
        var id = await _speed.DeployAsync(service.Url, new { restart = "on-failure" });
        var first = await UpAsync(id);
        var backup = await BackUpAsync();
        await DockerCli.RunAsync("kill", $"speed-{_speed.Instance}-{id}-1");
        await _speed.UntilAsync(id, now => now.GetProperty("attempt").GetInt32() == 2);
        await UpAsync(id);

        await RestoreAsync(backup);
        await _speed.StartAsync();
        var now = await UpAsync(id);

        Assert.Equal(2, now.GetProperty("attempt").GetInt32());
        Assert.Equal(Services.AddressOf(first), Services.AddressOf(now));
        Assert.Equal([$"speed-{_speed.Instance}-{id}-2"], await DockerCli.ContainersAsync($"speed-{_speed.Instance}-"));
        using var http = new HttpClient();
        Assert.Equal("hello", await http.GetStringAsync(Services.AddressOf(now), Now));
    }

    [Fact]
    public async Task While_SPEED_runs_nothing_is_restored()
    {
        var backup = await BackUpAsync();

        var (code, _, error) = await RunRestoreAsync(backup);

        Assert.Equal(1, code);
        Assert.Contains("speed.lock", error, StringComparison.Ordinal);
        Assert.True((await _speed.Client.GetAsync("/health", Now)).IsSuccessStatusCode);
    }

    private async Task<long> StartAsync(string url)
    {
        var id = await _speed.DeployAsync(url);
        await _speed.SeesLineAsync(id, "started");
        return id;
    }

    private async Task EndJobAsync(long id)
    {
        await DockerCli.RunAsync("kill", "--signal", "USR1", $"speed-{_speed.Instance}-{id}-1");
        var ended = await _speed.EndAsync(id);
        Assert.True(ended.Text("status") == "Succeeded", $"{ended}\n{await _speed.LogAsync(id)}");
    }

    private Task<JsonElement> UpAsync(long id) => _speed.UntilAsync(
        id, now => now.Text("status") == "Running" && now.GetProperty("up_at").ValueKind == JsonValueKind.String);

    private async Task<string> BackUpAsync()
    {
        using var answer = await _speed.Client.PostAsync("/v1/backup", null, Now);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).Text("path");
    }

    private async Task<string> RestoreAsync(string backup)
    {
        await _speed.TerminateAsync();
        var (code, said, error) = await RunRestoreAsync(backup);
        Assert.True(code == 0, error);
        return said;
    }

    private async Task<(int Code, string Said, string Error)> RunRestoreAsync(string backup)
    {
        var start = new ProcessStartInfo(
            "dotnet", [typeof(Speed.Endpoints.Refusal).Assembly.Location, "--restore", backup])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["Speed__DataDirectory"] = _speed.DataDirectory },
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Now);
        var said = await process.StandardOutput.ReadToEndAsync(Now);
        await process.WaitForExitAsync(Now);
        return (process.ExitCode, said, await error);
    }
}
