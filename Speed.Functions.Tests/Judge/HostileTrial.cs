using System.Collections.Concurrent;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Runners;

namespace Speed.Tests.Judge;

/// <summary>Tries hostile Dockerfiles with one builder: first SPEED, then the engine without it.</summary>
internal sealed class HostileTrial : IAsyncDisposable
{
    // Ends of a user's own doing: nothing else may come of a text.
    private static readonly FailureCode[] UsersOwn =
        [FailureCode.BuildFailed, FailureCode.DockerfileRefused, FailureCode.BaseImageUnavailable];

    private readonly Sandbox _builder;
    private readonly DockerWorld _speed;
    private readonly PlainEngine _engine = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private int _fetched;
    private int _passed;

    private HostileTrial(Sandbox builder, DockerWorld speed) => (_builder, _speed) = (builder, speed);

    public string Variables { get; private set; } = "";

    public string Trigger { get; private set; } = "";

    /// <summary>What went wrong, text and all.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Texts for which the engine alone asked the listener.</summary>
    public int Fetched => _fetched;

    /// <summary>Texts that SPEED did not refuse.</summary>
    public int Passed => _passed;

    public static async Task<HostileTrial> OpenAsync(
        Sandbox builder, string variables, string trigger, CancellationToken token)
    {
        var trial = new HostileTrial(builder, await DockerWorld.CreateAsync(builder));
        trial.Variables = await trial._engine.MakeBaseAsync("variables", variables, token);
        trial.Trigger = await trial._engine.MakeBaseAsync("trigger", trigger, token);
        return trial;
    }

    /// <param name="texts">Each is told the port of a listener of its own.</param>
    public async Task TryAsync(
        IEnumerable<Func<int, HostileDockerfile>> texts, int atOnce, CancellationToken token)
    {
        await Parallel.ForEachAsync(
            texts, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = token },
            async (write, cancel) =>
            {
                await using var listener = new HostileListener();
                await TryAsync(write(listener.Port), listener, cancel);
            });
        Scale.Say($"{_fetched} texts had the engine fetch, {_passed} were let pass, {_faults.Count} faults ({_builder}; "
            + $"SPEED_CHAOS_SEED={Scale.Seed}).");
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _speed.DisposeAsync();
    }

    private async Task TryAsync(HostileDockerfile one, HostileListener listener, CancellationToken token)
    {
        var recorded = new RecordedLog();
        var (passed, ended) = await BySpeedAsync(one, recorded, token);
        if (listener.Asked.Count > 0)
        {
            Interlocked.Increment(ref _fetched);
            Tell("SPEED has it fetched", one, listener, ended);
            return;
        }

        var error = await _engine.BuildAsync(one, _builder, token);
        if (passed)
        {
            Interlocked.Increment(ref _passed);
        }

        if (listener.Asked.Count > 0)
        {
            Interlocked.Increment(ref _fetched);
        }

        // A frontend that is not asked is seen, if the log says so.
        var seen = recorded.Text;
        if (passed && listener.Asked.Count > 0 && !seen.Contains($"{listener.Port}/front", StringComparison.Ordinal))
        {
            Tell("SPEED did not see what the engine fetches", one, listener, $"SPEED: {ended}\nengine: {error ?? "built"}");
        }
    }

    /// <summary>Whether SPEED let it pass, and how it went.</summary>
    private async Task<(bool Passed, string Ended)> BySpeedAsync(
        HostileDockerfile one, RecordedLog recorded, CancellationToken token)
    {
        var tree = new MemoryTree().Add("Dockerfile", one.Text).Add(HostileDockerfile.File, "1");
        var deployment = _speed.NewDeployment(options => options with { BuildArgs = one.BuildArgs, Target = one.Target });
        await using var log = await DeploymentLog.OpenAsync(deployment.Id, recorded, TimeProvider.System, token);
        BuildPlan? plan = null;
        try
        {
            plan = await _speed.Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, log, token);
            await _speed.BuildAsync(plan, tree, log);
            return (true, "built");
        }
        catch (DeploymentFailedException failure) when (UsersOwn.Contains(failure.Code))
        {
            return (plan is not null, $"{failure.Code}: {failure.Message}");
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            _faults.Enqueue($"SPEED fails in a way that is not the user's: {fault}\n{one}");
            return (false, fault.Message);
        }
        finally
        {
            await log.FlushAsync();
        }
    }

    private void Tell(string what, HostileDockerfile one, HostileListener listener, string ended) => _faults.Enqueue(
        $"{what} ({_builder}): {string.Join(", ", listener.Asked.Distinct())}\n{ended}\n{one}");
}
