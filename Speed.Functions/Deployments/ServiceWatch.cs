using Microsoft.Extensions.Logging;

namespace Speed.Deployments;

/// <summary>Watches the container of a service: until it is up, and from then on until it ends.</summary>
internal sealed class ServiceWatch(
    IDeploymentStore store, IServiceStore services, WorkerState worker, Bell bell, TimeProvider time, ILogger logger)
{
    private readonly HealthWatch _health = new(services, time, logger);

    private static readonly TimeSpan AliveFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(250);

    // No timer takes more than 2^32 ms, and a time to live may be a year.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    /// <summary>
    /// Gives the exit of a service that was up. Throws <c>UNHEALTHY</c> for one that does not come up, or that is to be started
    /// again since it is no longer well, and <c>TTL_EXPIRED</c> for one that was up for as long as it may.
    /// </summary>
    public async Task<ContainerExit> WatchAsync(Life life, IContainer container)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(life.Token);
        var exit = container.WaitAsync(over.Token);
        var health = Task.FromResult<string?>(null);
        try
        {
            if (life.Deployment.UpAt is null)
            {
                await BecomeUpAsync(life, container, exit);
            }

            FreeSlot(life);
            health = _health.WatchAsync(life.Deployment, life.Log, container, over.Token);
            return await WithinTtlAsync(life, FirstOfAsync(exit, health));
        }
        finally
        {
            await over.CancelAsync();
            await ((Task)exit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await health;
        }
    }

    /// <summary>A service that is up holds no slot.</summary>
    public void FreeSlot(Life life)
    {
        worker.Leave(life.Deployment.Id);
        bell.Ring(Bell.Queue);
    }

    private async Task BecomeUpAsync(Life life, IContainer container, Task<ContainerExit> exit)
    {
        ProbeAnswer? last = null;
        var start = life.StartSecondsLeft(time);
        var ttl = life.Deployment.ExpiresAt is { } expiresAt
            ? Math.Max(1, (int)Math.Ceiling((expiresAt - time.GetUtcNow()).TotalSeconds))
            : int.MaxValue;
        await Deadline.WithinAsync(
            Math.Min(start, ttl),
            time,
            () => ttl < start ? Expired(life.Deployment) : NotUp(life, last),
            UntilHealthyAsync,
            life.Token);

        var answering = await ChoosePortAsync(life, container);

        // Superseded, canceled or asked to yield at this very moment: the watch is about to see it.
        if (await Retry.UntilDoneAsync(() => services.BecomeUpAsync(life.Claim, life.Token), time, life.Token) != UpOutcome.Up)
        {
            await life.Interruption.WaitAsync();
        }

        var now = await Retry.UntilDoneAsync(() => store.FindAsync(life.Deployment.Id, life.Token), time, life.Token);
        life.GoOnWith(now ?? life.Deployment);
        await life.Log.SayAsync(Listening(life.Deployment, answering), life.Token);
        await SayReplacedAsync(life);

        async Task<bool> UntilHealthyAsync(CancellationToken cancellationToken)
        {
            var probing = new Probing(life.Deployment, time);
            while (true)
            {
                if (exit.IsCompleted)
                {
                    life.Exit = await exit;
                    throw EndedEarly(life.Exit, life, last);
                }

                var answer = await ProbeAsync(container, cancellationToken);
                last = answer;
                if (probing.IsUp(answer))
                {
                    return true;
                }

                if (probing.HasFailed(answer))
                {
                    throw Unhealthy($"The service is not well: {answer.Answer}", answer.Seen);
                }

                await Task.WhenAny(exit, Task.Delay(probing.Pause, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    // The first that answers by now is the proxy's for good. Where none does, none was passed over.
    private async Task<IReadOnlyList<int>> ChoosePortAsync(Life life, IContainer container)
    {
        var answering = await container.ListAnsweringPortsAsync(life.Token);
        if (life.Deployment.ProxyPort is null && answering is [var first, ..]
            && !await Retry.UntilDoneAsync(
                () => services.RecordProxyPortAsync(life.Claim, first, life.Token), time, life.Token))
        {
            await life.Interruption.WaitAsync();
        }

        return answering;
    }

    private async Task SayReplacedAsync(Life life)
    {
        var replaced = await Retry.UntilDoneAsync(
            () => services.ListReplacedAsync(life.Deployment.Id, life.Token), time, life.Token);
        var words = replaced.SelectMany<Deployment, string?>(
            older => [Replacement.ToldToNewer(older, life.Deployment), Replacement.ToldOfLate(older, life.Deployment)]);
        foreach (var sentence in words.OfType<string>())
        {
            await life.Log.SayAsync(sentence, life.Token);
        }
    }

    // Where the engine is away, its return tells what became of the container.
    private static async Task<ProbeAnswer> ProbeAsync(IContainer container, CancellationToken cancellationToken)
    {
        try
        {
            return await container.ProbeAsync(isUp: false, cancellationToken);
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            return new ProbeAnswer(false, false, fault.Message);
        }
    }

    private static async Task<ContainerExit> FirstOfAsync(Task<ContainerExit> exit, Task<string?> health) =>
        await Task.WhenAny(exit, health) == health && await health is { } answer
            ? throw Unhealthy($"The service is no longer healthy: {answer}")
            : await exit;

    private async Task<ContainerExit> WithinTtlAsync(Life life, Task<ContainerExit> exit)
    {
        if (life.Deployment.ExpiresAt is not { } expiresAt)
        {
            return await exit;
        }

        var left = expiresAt - time.GetUtcNow();
        while (left > TimeSpan.Zero)
        {
            try
            {
                return await exit.WaitAsync(left < LongestTimer ? left : LongestTimer, time, life.Token);
            }
            catch (TimeoutException)
            {
                left = expiresAt - time.GetUtcNow();
            }
        }

        throw Expired(life.Deployment);
    }

    /// <summary>What ends a service that was first up as long ago as it may be.</summary>
    public static DeploymentFailedException Expired(Deployment deployment) => new(
        FailureCode.TtlExpired,
        $"The {deployment.Options.TtlSeconds} s that the service was to be up are over.",
        "Deploy again, with another `ttl_s` or none.");

    private static string Listening(Deployment deployment, IReadOnlyList<int> answering)
    {
        var (alive, silent) = (new List<PublishedPort>(), new List<PublishedPort>());
        foreach (var endpoint in deployment.Endpoints)
        {
            (answering.Contains(endpoint.Container) ? alive : silent).Add(endpoint);
        }

        var nothing = silent.Count > 0
            ? $"nothing takes connections on port {string.Join(", ", silent.Select(endpoint => endpoint.Container))} yet"
            : "";
        return alive.Count > 0
            ? $"Up: listening at {string.Join(", ", alive.Select(endpoint => endpoint.Url))}"
                + (silent.Count > 0 ? $"; {nothing}" : "")
            : silent.Count > 0 ? $"Up: {nothing}." : "Up.";
    }

    private static DeploymentFailedException EndedEarly(ContainerExit exit, Life life, ProbeAnswer? last) =>
        exit.EngineRestarted
            ? Verdict.Of(exit, life)!
            : exit.Code == 0
                ? new DeploymentFailedException(
                    FailureCode.Unhealthy,
                    $"The service ended with exit code 0 before it was up. {last?.Answer}".TrimEnd(),
                    "If it is meant to end, deploy it with `kind: job`.",
                    exit.Code)
                : Verdict.Of(exit, life)!;

    private static DeploymentFailedException NotUp(Life life, ProbeAnswer? last) => Unhealthy(
        $"The service was not up within {life.Deployment.Options.Timeouts.StartSeconds} s. {last?.Answer}".TrimEnd(), last?.Seen);

    private static DeploymentFailedException Unhealthy(string message, ProgramFault? seen = null) => new(
        FailureCode.Unhealthy,
        seen is null ? message : $"{message} {seen.What}.",
        seen?.WayOut ?? "The last lines of its log may say more; allow more time with `timeouts.start_s`, or say how to tell that it is up "
            + "with `health`.");

    /// <summary>What the answers so far come to.</summary>
    private sealed class Probing(Deployment deployment, TimeProvider time)
    {
        private readonly long _began = time.GetTimestamp();
        private readonly HealthOption? _health = deployment.Options.Health;
        private int _failures;

        // Only by HTTP does each question cost the service something.
        public TimeSpan Pause => IsByHttp ? TimeSpan.FromSeconds(_health!.IntervalSeconds) : AskAgainAfter;

        private bool IsByHttp => _health?.Path is not null;

        public bool IsUp(ProbeAnswer answer) =>
            answer.IsHealthy && (answer.IsConclusive || time.GetElapsedTime(_began) >= AliveFor);

        public bool HasFailed(ProbeAnswer answer)
        {
            if (answer.IsHealthy)
            {
                _failures = 0;
                return false;
            }

            var counts = IsByHttp && _health!.StartSeconds is { } grace
                && time.GetElapsedTime(_began) >= TimeSpan.FromSeconds(grace);
            _failures = counts ? _failures + 1 : 0;
            return answer.IsConclusive || _failures >= HealthOption.FailuresInARow;
        }
    }
}
