using System.Diagnostics;
using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>One container on the engine.</summary>
/// <param name="deployment">Whose it is; null where it is only to be removed.</param>
/// <param name="log">Where a gap in the output is noted; null where nobody reads it.</param>
/// <param name="own">Where SPEED is, which says what of the container it reaches; null where that is not asked.</param>
/// <param name="ports">Who has the ports that it wants; null where it is not started.</param>
internal sealed class DockerContainer(
    DockerConnection docker, ContainerInspectResponse found, Deployment? deployment, DeploymentLog? log,
    SpeedContainer? own = null, PortHolders? ports = null) : IContainer
{
    private const int Killed = 137;

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    private readonly string _id = found.ID;
    private readonly string _name = found.Name.TrimStart('/');
    private OutputSink? _sink;
    private ContainerOutput? _output;
    private ServiceProbe? _probe;
    private HealthcheckRun? _check;
    private ProgramFault? _seen;
    private long _lookedAt = Stopwatch.GetTimestamp();
    private bool _isStopped;

    public ContainerState State { get; private set; } = StateOf(found.State);

    public string StopSignal { get; } = SignalOf(found.Config?.StopSignal);

    public static DeploymentFailedException Lost(string name) => new(
        FailureCode.ContainerLost, $"The container {name} is gone: it was removed by someone else.", "Deploy again.");

    public static DeploymentFailedException Refused(DockerApiException exception) => new(
        FailureCode.ContainerStartFailed, $"The engine refuses to make the container: {exception.Reason.TrimEnd('.')}.",
        "Check command, env and resources of the deployment.", inner: exception);

    public async Task AttachAsync(OutputSink sink, CancellationToken cancellationToken)
    {
        _sink = sink;
        _output = await ContainerOutput.AttachAsync(docker, _id, sink, cancellationToken);
        if (State == ContainerState.Running)
        {
            await DetachIfEndedAsync(cancellationToken);
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The engine would run one that has ended a second time.
        State = StateOf((await InspectAsync(cancellationToken)).State);
        if (State != ContainerState.Created)
        {
            return;
        }

        try
        {
            await docker.AskAsync(client => client.Containers.StartContainerAsync(_id, null, cancellationToken));
            State = ContainerState.Running;
        }
        catch (DockerApiException exception)
        {
            throw StartFailure.From(
                exception,
                await CheckProgramAsync(byShell: false, cancellationToken),
                ports is not null && StartFailure.IsOfPort(exception.Reason)
                    ? await LookAsync(() => ports.FindAsync(found, deployment!, cancellationToken))
                    : null);
        }
    }

    public Task<bool> ReadKeptAsync(OutputSink sink, CancellationToken cancellationToken) =>
        KeptOutput.ReadAsync(docker, _id, sink, cancellationToken);

    public Task<DateTimeOffset?> FindOldestKeptAsync(CancellationToken cancellationToken) =>
        KeptOutput.FindOldestAsync(docker, _id, cancellationToken);

    public Task<IReadOnlyDictionary<LogStream, long>?> MeasureKeptAsync(
        DateTimeOffset? until, CancellationToken cancellationToken) =>
        KeptOutput.MeasureAsync(docker, _id, until, cancellationToken);

    public async Task<ContainerExit> WaitAsync(CancellationToken cancellationToken)
    {
        var exit = await WaitForExitAsync(cancellationToken);
        State = ContainerState.Exited;
        if (_output is not null)
        {
            await _output.Ended.WaitAsync(cancellationToken);
            if (StartFailure.WordsOfInit(exit.Code, _output.FirstStderr, found.Path) is { } words)
            {
                throw StartFailure.OfInit(words, exit.Code, await CheckProgramAsync(byShell: false, cancellationToken));
            }
        }

        // What shells say of a program that they cannot run, and of a script that they do not understand.
        return exit is { Code: 126 or 127 or 2, EngineRestarted: false }
            ? exit with { Program = await CheckProgramAsync(byShell: true, cancellationToken) }
            : exit;
    }

    public async Task<ProbeAnswer> ProbeAsync(bool isUp, CancellationToken cancellationToken)
    {
        var container = await InspectAsync(cancellationToken);
        var answer = await (await OpenProbeAsync(cancellationToken)).AskAsync(container.State!, cancellationToken);
        if (isUp)
        {
            await EndCheckAsync();
            return answer;
        }

        if (!answer.IsHealthy && !answer.IsPending)
        {
            return answer with { Seen = await CheckListenersAsync(cancellationToken) };
        }

        // One that is asked by path waits for no word of the engine's.
        return answer.IsPending && deployment!.Options.Health?.Path is null
            ? (_check ??= HealthcheckRun.Begin(docker, container))?.Last ?? answer
            : answer;
    }

    public async Task<IReadOnlyList<int>> ListAnsweringPortsAsync(CancellationToken cancellationToken) =>
        await (await OpenProbeAsync(cancellationToken)).ListAnsweringPortsAsync(cancellationToken);

    public async Task<string?> FindShellInFrontAsync(CancellationToken cancellationToken)
    {
        if (!ProgramCheck.Shells.Contains(Path.GetFileName(found.Path)))
        {
            return null;
        }

        // It may end by itself at this very moment.
        return await LookAsync(async () =>
        {
            var processes = await docker.AskAsync(client => client.Containers.ListProcessesAsync(
                _id, new ContainerListProcessesParameters { PsArgs = "-o pid,ppid,comm" }, cancellationToken));
            return ShellIn([.. processes.Processes.Select(words => (words[0], words[1], words[2]))]);
        });
    }

    /// <summary>The shell that is the first program of a container, and has another one run; null where there is none.</summary>
    internal static string? ShellIn(IReadOnlyList<(string Id, string Parent, string Name)> processes)
    {
        var first = processes.FirstOrDefault(one => processes.All(other => other.Id != one.Parent));
        // An init passes the signal on to its child.
        var gets = ProgramCheck.Shells.Contains(first.Name) ? first : processes.FirstOrDefault(one => one.Parent == first.Id);
        return ProgramCheck.Shells.Contains(gets.Name) && processes.Any(one => one.Parent == gets.Id) ? gets.Name : null;
    }

    public async Task StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        _isStopped = true;
        var parameters = new ContainerStopParameters { WaitBeforeKillSeconds = (uint)Math.Ceiling(grace.TotalSeconds) };
        try
        {
            await docker.AskAsync(client => client.Containers.StopContainerAsync(_id, parameters, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            // Gone is stopped.
        }
    }

    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        var parameters = new ContainerRemoveParameters { Force = true, RemoveVolumes = true };
        while (true)
        {
            try
            {
                await docker.AskAsync(client => client.Containers.RemoveContainerAsync(_id, parameters, cancellationToken));
                return;
            }
            catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
            {
                return;
            }
            catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.Conflict)
            {
                // Someone else's removal is under way: gone is when the engine says so.
                await Task.Delay(AskAgainAfter, cancellationToken);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndCheckAsync();
        _probe?.Dispose();
        if (_output is not null)
        {
            await _output.DisposeAsync();
        }
    }

    private Task<ProgramFault?> CheckProgramAsync(bool byShell, CancellationToken cancellationToken) =>
        LookAsync(() => new ProgramCheck(docker, found).FindAsync(byShell, cancellationToken));

    // How it ended is known by now, and counts. An engine that cannot be asked more about that leaves it without a hint.
    private static async Task<T?> LookAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        try
        {
            return await look();
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            return null;
        }
        catch (DockerApiException)
        {
            return null;
        }
    }

    // It costs a program in the container: now and then, and of one that has had a moment to begin.
    private async Task<ProgramFault?> CheckListenersAsync(CancellationToken cancellationToken)
    {
        if (deployment!.Endpoints.Count > 0 && Stopwatch.GetElapsedTime(_lookedAt) >= LookEvery)
        {
            _lookedAt = Stopwatch.GetTimestamp();
            _seen = await new ListenerCheck(docker, _id).FindAsync(
                [.. deployment.Endpoints.Select(endpoint => endpoint.Container)], cancellationToken);
        }

        return _seen;
    }

    private async Task<ServiceProbe> OpenProbeAsync(CancellationToken cancellationToken) => _probe ??= new ServiceProbe(
        deployment!, own is null || (await own.FindAsync(cancellationToken)).ReachesServices);

    private async ValueTask EndCheckAsync()
    {
        if (_check is { } check)
        {
            _check = null;
            await check.DisposeAsync();
        }
    }

    // What SPEED stopped, or its engine took along, was killed for that.
    private async Task<bool> WasOutOfMemoryAsync(State state, bool restarted, CancellationToken cancellationToken) =>
        state.ExitCode == Killed
        && (state.OOMKilled
            || (!restarted && !_isStopped && await EngineMemory.RanOutOfMemoryAsync(docker, _id, cancellationToken)));

    /// <summary>How it ended, and whether the engine went away before that was seen.</summary>
    private async Task<ContainerExit> WaitForExitAsync(CancellationToken cancellationToken)
    {
        var (lost, watched) = (false, false);
        while (true)
        {
            try
            {
                var state = (await InspectAsync(cancellationToken)).State!;
                switch (StateOf(state))
                {
                    // Killed to be removed: its exit says nothing of the program.
                    case ContainerState.Exited when state.Status is "removing" or "dead":
                        throw Lost(_name);
                    case ContainerState.Exited:
                        var restarted = lost || await WasEndedByEngineAsync(state, watched, cancellationToken);
                        return new ContainerExit(
                            (int)state.ExitCode, await WasOutOfMemoryAsync(state, restarted, cancellationToken), restarted);
                    case ContainerState.Created:
                        throw new InvalidOperationException($"The container {_name} was never started.");
                    default:
                        await ResumeAsync(lost, cancellationToken);
                        (lost, watched) = (false, true);
                        await docker.AskAsync(client => client.Containers.WaitContainerAsync(_id, cancellationToken));
                        break;
                }
            }
            catch (DeploymentFailedException exception) when (exception.Code == FailureCode.DockerUnavailable)
            {
                lost = true;
                await Task.Delay(AskAgainAfter, cancellationToken);
            }
            catch (DockerApiException exception) when (exception.StatusCode >= HttpStatusCode.InternalServerError)
            {
                // An engine on its way down or up.
                lost = true;
                await Task.Delay(AskAgainAfter, cancellationToken);
            }
        }
    }

    // Killed or stopped with its engine it has one of these codes; and so may have ended by itself.
    private async Task<bool> WasEndedByEngineAsync(State state, bool watched, CancellationToken cancellationToken)
    {
        if (watched)
        {
            return !await docker.TakesConnectionsAsync(cancellationToken);
        }

        return state.ExitCode is 0 or 137 or 143 or 255
            && await EngineMemory.DidNotStartAsync(docker, _id, cancellationToken);
    }

    // The engine came back and the container had gone on running: its output meanwhile is in nobody's hands.
    private async Task ResumeAsync(bool lost, CancellationToken cancellationToken)
    {
        if (!lost || _sink is null || _output is null)
        {
            return;
        }

        await _output.DisposeAsync();
        if (log is not null)
        {
            await log.NoteGapAsync("the Docker engine was away", cancellationToken);
        }

        _output = await ContainerOutput.AttachAsync(docker, _id, _sink, cancellationToken);
        await DetachIfEndedAsync(cancellationToken);
    }

    // To one that has ended the engine attaches too, and waits for a next start: its output would never end.
    private async Task DetachIfEndedAsync(CancellationToken cancellationToken)
    {
        State = StateOf((await InspectAsync(cancellationToken)).State);
        if (State == ContainerState.Exited && _output is not null)
        {
            await _output.DisposeAsync();
            _output = null;
        }
    }

    private async Task<ContainerInspectResponse> InspectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await docker.AskAsync(client => client.Containers.InspectContainerAsync(_id, cancellationToken));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            throw Lost(_name);
        }
    }

    // The engine takes numbers, and names with and without SIG.
    private static string SignalOf(string? signal) => signal?.Trim().ToUpperInvariant() switch
    {
        null or "" or "15" => "SIGTERM",
        "1" => "SIGHUP",
        "2" => "SIGINT",
        "3" => "SIGQUIT",
        "9" => "SIGKILL",
        "10" => "SIGUSR1",
        "12" => "SIGUSR2",
        "28" => "SIGWINCH",
        { } number when number.All(char.IsAsciiDigit) => $"signal {number}",
        { } name => name.StartsWith("SIG", StringComparison.Ordinal) ? name : $"SIG{name}",
    };

    private static ContainerState StateOf(State? state) => state?.Status switch
    {
        "created" => ContainerState.Created,
        "exited" or "dead" or "removing" => ContainerState.Exited,
        _ => ContainerState.Running,
    };
}
