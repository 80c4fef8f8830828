using System.Diagnostics;

namespace Speed.Tests.Hosts;

/// <summary>A worker as a process of its own, started as the Functions host starts it.</summary>
internal sealed class WorkerProcess : IWorker
{
    private readonly Process _process;
    private readonly Task _reading;

    private WorkerProcess(ProcessStartInfo start, Action<string> print)
    {
        var exit = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        Exit = exit.Task;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.Exited += (_, _) => exit.TrySetResult(_process.ExitCode);
        _process.Start();
        _reading = Task.WhenAll(
            ReadAsync(_process.StandardOutput, print), ReadAsync(_process.StandardError, print));
    }

    public Task<int> Exit { get; }

    public int Id => _process.Id;

    /// <param name="settings">As in the environment.</param>
    /// <returns>What starts one, once and again.</returns>
    public static StartWorker Starting(string program, IReadOnlyDictionary<string, string> settings) =>
        (arguments, appFolder, print) =>
        {
            var start = new ProcessStartInfo("dotnet", [program, .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = appFolder,
                Environment =
                {
                    ["AzureWebJobsScriptRoot"] = appFolder,
                    ["FUNCTIONS_APPLICATION_DIRECTORY"] = appFolder,
                    ["FUNCTIONS_WORKER_DIRECTORY"] = appFolder,
                    ["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated",
                    // It never lives long enough for a profile to pay.
                    ["DOTNET_TieredPGO"] = "0",
                },
            };
            foreach (var (name, value) in settings)
            {
                start.Environment[name] = value;
            }

            return new WorkerProcess(start, print);
        };

    public void Kill() => _process.Kill();

    public void Leave()
    {
        _process.StandardOutput.Close();
        _process.StandardError.Close();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await Exit;
        await _reading;
        _process.Dispose();
    }

    private static async Task ReadAsync(StreamReader lines, Action<string> print)
    {
        try
        {
            while (await lines.ReadLineAsync() is { } line)
            {
                print(line);
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Nobody listens any more.
        }
    }
}
