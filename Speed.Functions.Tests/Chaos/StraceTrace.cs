using System.Diagnostics;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>strace on a running process, and what it saw.</summary>
internal sealed class StraceTrace : IAsyncDisposable
{
    private readonly Process _strace;
    private readonly string _file;

    private StraceTrace(Process strace, string file) => (_strace, _file) = (strace, file);

    /// <summary>Null if processes can be traced here; else why not.</summary>
    public static string? Hindrance =>
        File.Exists("/usr/bin/strace") ? null : "There is no strace: eng/test installs it where it can.";

    /// <summary>Returns once the process is traced, all its threads.</summary>
    public static async Task<StraceTrace> AttachAsync(int processId, params string[] arguments)
    {
        var file = Path.GetTempFileName();
        var strace = Process.Start(new ProcessStartInfo(
            "strace", ["--follow-forks", "--attach", $"{processId}", "--output", file, .. arguments])
        {
            RedirectStandardError = true,
        })!;
        var said = await strace.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.True(said?.Contains("attached", StringComparison.Ordinal) == true, $"strace: {said}");
        _ = strace.StandardError.ReadToEndAsync(CancellationToken.None);
        return new StraceTrace(strace, file);
    }

    /// <summary>Lets the process go, and gives the lines of the trace.</summary>
    public async Task<IEnumerable<string>> DetachAsync()
    {
        await Signal.SendAsync(_strace.Id, "INT");
        await _strace.WaitForExitAsync(TestContext.Current.CancellationToken);
        return File.ReadLines(_file);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_strace.HasExited)
        {
            _strace.Kill();
            await _strace.WaitForExitAsync(CancellationToken.None);
        }

        _strace.Dispose();
        File.Delete(_file);
    }
}
