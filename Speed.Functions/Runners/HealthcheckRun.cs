using System.Globalization;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The command of a container's health check, run by SPEED every two seconds while the service comes up: the engine asks for
/// the first time after a whole interval, which may be minutes. One run at a time, like the engine's own.
/// </summary>
internal sealed class HealthcheckRun : IAsyncDisposable
{
    private const int KeptBytes = 4 * 1024;
    private const string Shell = "CMD-SHELL";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    // The engine's own limit where none is given.
    private static readonly TimeSpan UsualLimit = TimeSpan.FromSeconds(30);

    private readonly DockerConnection _docker;
    private readonly string _containerId;
    private readonly IList<string> _command;
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private volatile ProbeAnswer _last = new(false, false, "Its health check has not answered yet.") { IsPending = true };

    private HealthcheckRun(DockerConnection docker, string containerId, IList<string> command, TimeSpan limit)
    {
        (_docker, _containerId, _command, _limit) = (docker, containerId, command, limit);
        _running = Task.Run(RunOnAsync);
    }

    /// <summary>What it answered last; pending where that is nothing yet.</summary>
    public ProbeAnswer Last => _last;

    /// <summary>Null where the container has no command to run.</summary>
    public static HealthcheckRun? Begin(DockerConnection docker, ContainerInspectResponse container)
    {
        var check = container.Config?.Healthcheck;
        string[] test = [.. check?.Test ?? []];
        string[] command = test switch
        {
            ["CMD", .. var words] => words,
            [Shell, var line] => [.. ShellOf(container), line],
            _ => [],
        };
        var limit = check?.Timeout is { } given && given > TimeSpan.Zero ? given : UsualLimit;
        return command.Length > 0 ? new HealthcheckRun(docker, container.ID, command, limit) : null;
    }

    /// <summary>Asks no more. What is under way in the container comes to its own end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static IEnumerable<string> ShellOf(ContainerInspectResponse container) =>
        container.Config?.Shell is { Count: > 0 } shell ? shell : ["/bin/sh", "-c"];

    private async Task RunOnAsync()
    {
        while (true)
        {
            try
            {
                await RunOnceAsync();
            }
            catch (Exception fault) when (!_stop.IsCancellationRequested)
            {
                // The container may be on its way to its end, or the engine away: whoever waits for the exit hears of that.
                _last = new ProbeAnswer(false, false, $"Its health check could not be run: {fault.Message.TrimEnd('.')}.");
            }

            await Task.Delay(Every, _stop.Token);
        }
    }

    private async Task RunOnceAsync()
    {
        var ending = RunAsync();
        if (await Task.WhenAny(ending, Task.Delay(_limit, _stop.Token)) == ending)
        {
            _last = await ending;
            return;
        }

        _stop.Token.ThrowIfCancellationRequested();
        _last = new ProbeAnswer(
            false, false,
            string.Create(CultureInfo.InvariantCulture, $"Its health check did not end within {_limit.TotalSeconds} s."));

        // Late is no answer, but no second one is begun beside it.
        await ending;
    }

    private async Task<ProbeAnswer> RunAsync()
    {
        var (exitCode, output) = await ContainerExec.RunAsync(_docker, _containerId, _command, KeptBytes, _stop.Token);
        return exitCode == 0
            ? new ProbeAnswer(true, true, "Its health check succeeded.")
            : new ProbeAnswer(false, false, ServiceProbe.Ended(exitCode, output));
    }
}
