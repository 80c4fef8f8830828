using System.Diagnostics;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>A Docker engine that a test may kill: its own data, socket and network.</summary>
internal sealed class OwnEngine : IAsyncDisposable
{
    // A socket's path has 108 bytes.
    private readonly string _directory = Directory.CreateTempSubdirectory("speed-").FullName;
    private Process? _engine;

    public string Endpoint => $"unix://{_directory}/d.sock";

    private string ContainerdPid => Path.Combine(_directory, "exec", "containerd", "containerd.pid");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<OwnEngine> StartNewAsync()
    {
        var engine = new OwnEngine();
        try
        {
            await engine.StartAsync();
            await ShellAsync($"docker save busybox | docker -H {engine.Endpoint} load");
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    public async Task StartAsync()
    {
        // In a network namespace of its own, or it would take the bridge of the host's engine away.
        _engine = Process.Start(new ProcessStartInfo("unshare",
        [
            "--net", "sh", "-c",
            $"exec dockerd --data-root {_directory}/data --exec-root {_directory}/exec --pidfile {_directory}/pid"
            + $" -H {Endpoint} --bridge none --iptables=false >> {_directory}/log 2>&1",
        ]))!;
        using var connection = new DockerConnection(Endpoint);
        while (await connection.FindFaultAsync(Token) is not null)
        {
            Assert.False(_engine.HasExited, $"dockerd has ended; see {_directory}/log");
            await Task.Delay(100, Token);
        }
    }

    public async Task KillAsync()
    {
        _engine!.Kill();
        await _engine.WaitForExitAsync(CancellationToken.None);

        // Its containerd dies with it; where nobody reaps it, the next engine would take it for alive.
        File.Delete(Path.Combine(_directory, "pid"));
        File.Delete(ContainerdPid);
    }

    /// <summary>As at a shutdown of the host: its containers are stopped first.</summary>
    public async Task StopAsync()
    {
        await ShellAsync($"kill {_engine!.Id}");
        await _engine.WaitForExitAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is { HasExited: false })
        {
            await ShellAsync($"kill {_engine.Id}");
            await _engine.WaitForExitAsync(CancellationToken.None);
        }

        _engine?.Dispose();
        await ShellAsync($"grep -o ' {_directory}/[^ ]*' /proc/mounts | sort -r | xargs -r -n 1 umount; rm -rf {_directory}");
    }

    private static async Task ShellAsync(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"{{ {script}; }} > /dev/null 2>&1"]))!;
        await shell.WaitForExitAsync(CancellationToken.None);
    }
}
