using System.Diagnostics;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>
/// A Docker engine that a test may break: its own data, socket and network, with busybox on it. Disposing it leaves
/// nothing: no process, mount, network or file.
/// </summary>
internal sealed class OwnEngine : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A socket's path has room for 108 bytes.
    private readonly string _folder = Directory.CreateTempSubdirectory("speed-eng-").FullName;
    private readonly Process _network;
    private Process? _engine;

    private OwnEngine()
    {
        // A network namespace of its own, or it would take the bridge of the host's engine away. Held by a process of
        // its own: containers that outlive the engine stay where they are.
        _network = Process.Start("unshare", ["--net", "sleep", "infinity"]);
    }

    /// <summary>Null if this machine and user can have an engine of their own; else why not.</summary>
    public static string? Hindrance =>
        Environment.UserName != "root" ? "Only root can start an engine of its own."
        : HasProgram("unshare") && HasProgram("dockerd") ? null
        : "There is no dockerd, or no unshare, to start an engine of its own with.";

    public string Endpoint => $"unix://{_folder}/d.sock";

    public int Id => _engine!.Id;

    public static async Task<OwnEngine> StartNewAsync()
    {
        var engine = new OwnEngine();
        try
        {
            await engine.HasNetworkAsync();
            await engine.StartAsync();
            await ShellAsync($"docker save busybox:latest | docker --host {engine.Endpoint} load");
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it on what it had, and returns once it answers.</summary>
    public async Task StartAsync()
    {
        File.Delete(Path.Combine(_folder, "pid"));
        var log = Path.Combine(_folder, "log");
        _engine = Process.Start("nsenter",
        [
            $"--net=/proc/{_network.Id}/ns/net", "sh", "-c",
            $"ip link set lo up; exec dockerd --data-root {_folder}/data --exec-root {_folder}/exec"
            + $" --pidfile {_folder}/pid --host {Endpoint} >> {log} 2>&1",
        ]);
        for (var since = Stopwatch.GetTimestamp(); !await AnswersAsync(); await Task.Delay(100, Now))
        {
            if (_engine.HasExited)
            {
                Assert.Fail($"dockerd ended: {await File.ReadAllTextAsync(log, Now)}");
            }

            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, "dockerd does not answer.");
        }
    }

    /// <summary>SIGKILL: its containers run on until it is started again.</summary>
    public async Task KillAsync()
    {
        _engine!.Kill();
        await _engine.WaitForExitAsync(CancellationToken.None);

        // Its containerd dies with it. Where nobody reaps that, the next engine would wait for it as still running.
        var pidFile = Path.Combine(_folder, "exec", "containerd", "containerd.pid");
        var containerd = await File.ReadAllTextAsync(pidFile, Now);
        while (Names(int.Parse(containerd)))
        {
            await Task.Delay(10, Now);
        }

        File.Delete(pidFile);
    }

    /// <summary>SIGTERM: it stops its containers first.</summary>
    public async Task TerminateAsync()
    {
        await Signal.SendAsync(Id, "TERM");
        await _engine!.WaitForExitAsync(CancellationToken.None).WaitAsync(Patience, CancellationToken.None);
    }

    /// <summary>Does not answer any more, until it continues.</summary>
    public Task FreezeAsync() => Signal.SendAsync(Id, "STOP");

    public Task ContinueAsync() => Signal.SendAsync(Id, "CONT");

    /// <summary>What docker prints when asked this here.</summary>
    public Task<string> AskAsync(params string[] arguments) => DockerCli.RunAsync(["--host", Endpoint, .. arguments]);

    /// <summary>Returns once it has no container left: a deployment's row is written before its container is removed.</summary>
    public async Task EventuallyEmptyAsync()
    {
        var since = Stopwatch.GetTimestamp();
        while ((await AskAsync("ps", "--all", "--quiet")).Trim() is { Length: > 0 } left)
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"{left} stayed.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is { HasExited: false })
        {
            await ContinueAsync();
            await TerminateAsync();
        }

        foreach (var left in OwnProcesses())
        {
            left.Kill();
            await left.WaitForExitAsync(CancellationToken.None);
        }

        _network.Kill();
        await ShellAsync(
            $"grep -o ' {_folder}/[^ ]*' /proc/self/mounts | sort -r | xargs -r umount -l; rm -rf {_folder}");
        _engine?.Dispose();
        _network.Dispose();
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    // Before that, the process that holds the network is still in the host's.
    private async Task HasNetworkAsync()
    {
        while (NetworkOf($"{_network.Id}") == NetworkOf("self"))
        {
            Assert.False(_network.HasExited, "There is no network namespace for an engine of its own.");
            await Task.Delay(10, Now);
        }

        static string? NetworkOf(string process) => new FileInfo($"/proc/{process}/ns/net").LinkTarget;
    }

    private static bool HasProgram(string name) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));

    private async Task<bool> AnswersAsync()
    {
        using var docker = Process.Start(new ProcessStartInfo("docker", ["--host", Endpoint, "version"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await docker.WaitForExitAsync(Now);
        return docker.ExitCode == 0;
    }

    // Its containerd, its proxies, and the shims of containers that nothing stopped: each names this folder.
    private List<Process> OwnProcesses() =>
    [
        .. from process in Process.GetProcesses()
           where process.Id != Environment.ProcessId && Names(process.Id)
           select process,
    ];

    private bool Names(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline").Contains(_folder, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return false;
        }
    }

    private static async Task ShellAsync(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardOutput = true })!;
        await shell.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await shell.WaitForExitAsync(CancellationToken.None);
    }
}
