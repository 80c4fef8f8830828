using System.Diagnostics;
using System.Text;

namespace Speed.Sources;

/// <summary>How a git command ended.</summary>
/// <param name="Errors">The last of what it wrote to standard error.</param>
internal sealed record GitExit(int Code, string Errors)
{
    public bool IsSuccess => Code == 0;
}

/// <summary>
/// One running git command. Cancellation and disposal kill it with all it has started, so that a read of its
/// output ends; after the disposal none of them is alive.
/// </summary>
internal sealed class GitProcess : IAsyncDisposable
{
    private const int KeptErrors = 16 * 1024;

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly CancellationTokenRegistration _killing;

    private GitProcess(Process process, CancellationToken cancellationToken)
    {
        _process = process;
        _errors = ReadErrorsAsync(process.StandardError);
        _killing = cancellationToken.Register(Kill);
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public static GitProcess Start(ProcessStartInfo command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new GitProcess(Process.Start(command)!, cancellationToken);
    }

    public async Task<GitExit> WaitAsync(CancellationToken cancellationToken)
    {
        // Not cancelable: cancellation kills it, and so ends this.
        await _process.WaitForExitAsync(CancellationToken.None);
        var errors = await _errors;
        cancellationToken.ThrowIfCancellationRequested();
        return new GitExit(_process.ExitCode, errors);
    }

    /// <summary>Kills it, and gives how it ended.</summary>
    public async Task<GitExit> EndAsync()
    {
        Kill();
        await _process.WaitForExitAsync(CancellationToken.None);

        // Its children hold the other end too: the end of the stream is the end of them all.
        return new GitExit(_process.ExitCode, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _killing.DisposeAsync();
        _process.Dispose();
    }

    private void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    private static async Task<string> ReadErrorsAsync(StreamReader errors)
    {
        var kept = new StringBuilder();
        var buffer = new char[1024];
        while (await errors.ReadAsync(buffer) is > 0 and var read)
        {
            kept.Append(buffer, 0, read);
            kept.Remove(0, Math.Max(0, kept.Length - KeptErrors));
        }

        return kept.ToString();
    }
}
