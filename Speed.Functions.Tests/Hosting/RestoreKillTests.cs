using System.Diagnostics;
using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives a process: killed at each step of a restore, it leaves what was or what comes.</summary>
public sealed class RestoreKillTests : IDisposable
{
    private const int MostKills = 60;

    private readonly RestoreWorld _world = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData("rename")]
    [InlineData("fsync")]
    [InlineData("mkdir")]
    [InlineData("unlink")]
    [InlineData("rmdir")]
    public async Task Killed_at_any_step_the_data_directory_opens_as_it_was_or_as_the_backup(string call)
    {
        Assert.True(File.Exists("/usr/bin/strace"), "This test needs strace: eng/test installs it.");
        var wasRestored = new List<bool>();
        var killed = true;
        for (var n = 1; killed; n++)
        {
            Assert.True(n < MostKills, $"{call} was called {n} times.");
            await MakeAsync();
            killed = await RestoreAndKillAtAsync(call, n);
            wasRestored.Add(await LookAsync());
        }

        // Not killed at all, it is restored; killed in the middle of the renames, now this and now that.
        Assert.True(wasRestored[^1]);
        if (call == "rename")
        {
            Assert.Equal([false, true], wasRestored[..^1].Distinct().Order());
        }
    }

    // One deployment whose log is closed is in the backup, and a second one came after it.
    private async Task MakeAsync()
    {
        foreach (var folder in new[] { _world.Data, _world.Backup }.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }

        using var stores = _world.Open();
        await stores.AddAsync();
        await stores.SucceedAsync(await stores.RunAsync(starts: true));
        await _world.MakeBackupAsync(stores);
        await stores.AddAsync();
        await stores.SucceedAsync(await stores.RunAsync(starts: true));
    }

    // True if it was killed. Each thread's calls are counted for themselves.
    private async Task<bool> RestoreAndKillAtAsync(string call, int n)
    {
        var start = new ProcessStartInfo("strace",
        [
            "--follow-forks", "--output=/dev/null", $"--trace={call}", $"--inject={call}:signal=SIGKILL:when={n}",
            "dotnet", typeof(Speed.Endpoints.Refusal).Assembly.Location, "--restore", _world.Backup, "--without-engine",
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["Speed__DataDirectory"] = _world.Data, ["DOTNET_TieredPGO"] = "0" },
        };
        using var restore = Process.Start(start)!;
        var error = restore.StandardError.ReadToEndAsync(Now);
        var said = await restore.StandardOutput.ReadToEndAsync(Now);
        await restore.WaitForExitAsync(Now);
        Assert.True(restore.ExitCode is 0 or 137, $"{restore.ExitCode}: {said}{await error}");
        return restore.ExitCode == 137;
    }

    // True if it is the backup; never a mixture, and nothing is left but what is kept.
    private async Task<bool> LookAsync()
    {
        using var stores = _world.Open();
        var isRestored = await stores.Deployments.FindAsync(2, Now) is null;
        var logs = await stores.Logs.SummarizeAsync(2, Now);
        Assert.Equal(isRestored ? LogSummary.Empty : logs, logs);
        Assert.Equal(isRestored, logs.Sha256 is null);
        Assert.NotNull((await stores.Logs.SummarizeAsync(1, Now)).Sha256);
        Assert.Equal(DeploymentStatus.Succeeded, (await stores.FindAsync(1)).Status);
        Assert.Empty(Directory.GetDirectories(_world.Data, "restoring-*"));
        if (isRestored)
        {
            Assert.Equal("2", OldDatabases.Run(
                Path.Combine(_world.Replaced, "deployments.db"), "SELECT count(*) FROM deployment"));
            Assert.True(File.Exists(Path.Combine(_world.Replaced, "logs.db")));
        }

        return isRestored;
    }
}
