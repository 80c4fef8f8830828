namespace Speed.Deployments;

/// <summary>
/// The run phase of a service: publishes it, makes room for it, and starts it again after an exit that calls for it.
/// </summary>
internal sealed class ServiceRun(
    ContainerRun run, IRunner runner, IDeploymentStore store, IServiceStore services, ServiceWatch watch, ISecrets secrets,
    TimeProvider time)
{
    // Each is a listener of the engine's, and a program of its own on most of them.
    private const int MostPublished = 32;

    /// <summary>
    /// How often one is started again after growing pauses without being up for long. Then every five minutes: whatever keeps
    /// it down may be over by itself. The store tells that it is down then, and no more of the tries that follow.
    /// </summary>
    internal const int QuickRestarts = 10;

    private static readonly TimeSpan UpForLong = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PatientPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly EngineWait _engine = new(runner, time);

    /// <summary>Records what the image makes of a deployment: a job, or a service and where it is published.</summary>
    public async Task ResolveKindAsync(Life life, string imageId)
    {
        var options = life.Deployment.Options;
        var image = await Deadline.WithinAsync(
            life.StartSecondsLeft(time),
            time,
            () => NotStarted(life, "the engine told nothing of its image"),
            token => _engine.RepeatAsync(life, again => runner.DescribeImageAsync(imageId, again), token),
            life.Token);
        var isService = options.Kind == DeploymentKind.Service
            || (options.Kind == DeploymentKind.Auto
                && (options.Ports.Count > 0 || options.Health is not null || image.Ports.Count > 0 || image.HasHealthcheck));
        if (!isService)
        {
            await RecordAsync(life, DeploymentKind.Job, []);
            return;
        }

        var kept = life.Deployment.Endpoints.Count > 0
            ? life.Deployment.Endpoints
            : await services.FindKeptEndpointsAsync(life.Deployment.Id, life.Token);
        var ports = options.Ports.Count > 0 ? options.Ports : await ListExposedAsync(life, image);
        await RecordAsync(
            life, DeploymentKind.Service, runner.ChooseEndpoints(life.Deployment, ports, kept));
    }

    // As the Dockerfile has them, and those that it has of its base behind them: what it says itself is what it means.
    private async Task<IReadOnlyList<PortOption>> ListExposedAsync(Life life, ImageTraits image)
    {
        if (image.Ports.Count == 0)
        {
            return [];
        }

        var from = await Retry.UntilDoneAsync(
            () => store.FindBuiltFromAsync(life.Deployment.Id, life.Token), time, life.Token);
        var own = (from?.Exposed ?? []).Where(image.Ports.Contains).ToList();
        if (image.Ports.Count > MostPublished && life.Deployment.Kind is null)
        {
            await life.Log.SayAsync(
                $"The image exposes {image.Ports.Count} ports: {MostPublished} of them are published. Name those that are needed in `ports`.",
                life.Token);
        }

        return [.. own.Union(image.Ports).Take(MostPublished).Select(port => new PortOption(port, null))];
    }

    /// <summary>Runs it, or goes on with it, until it ends for good; then <see cref="Life.Exit"/> says how.</summary>
    public async Task RunAsync(Life life, string imageId)
    {
        if (life.Deployment.FirstUpAt is not null)
        {
            watch.FreeSlot(life);
        }

        while (true)
        {
            DeploymentFailedException? failure = null;
            try
            {
                await RunOnceAsync(life, imageId);
            }
            catch (DeploymentFailedException fault) when (fault.Code != FailureCode.DockerUnavailable)
            {
                failure = fault;
            }

            if (await NextRestartAsync(life, failure) is not { } restarts)
            {
                if (failure is not null)
                {
                    throw failure;
                }

                return;
            }

            await BeginAnewAsync(life, restarts);
        }
    }

    private async Task RunOnceAsync(Life life, string imageId)
    {
        if (life.Deployment.StartAskedAt is not null)
        {
            await run.AdoptAsync(life);
            return;
        }

        await ResolveKindAsync(life, imageId);
        await MakeRoomAsync(life);
        await run.RunAsync(life, imageId);
    }

    // The newest of its like goes first. The older one on the same port of the host is stopped, and started again if this
    // one fails.
    private async Task MakeRoomAsync(Life life)
    {
        var fixedPorts = life.Deployment.Options.Ports.Where(port => port.Host is not null)
            .Select(port => port.Host!.Value).ToList();
        if (await Retry.UntilDoneAsync(
            () => services.AskToYieldAsync(life.Claim, fixedPorts, life.Token), time, life.Token) is not { } older)
        {
            await life.Interruption.WaitAsync();
            return;
        }

        if (older.Count == 0)
        {
            return;
        }

        foreach (var id in older)
        {
            await life.Log.SayAsync($"Waiting for deployment {id} to free its port.", life.Token);
        }

        await Deadline.WithinAsync(
            life.StartSecondsLeft(time), time, () => NotStarted(life, "the older one kept its port"), UntilFreeAsync, life.Token);

        async Task<bool> UntilFreeAsync(CancellationToken cancellationToken)
        {
            while ((await _engine.RepeatAsync(life, runner.ListContainersAsync, cancellationToken))
                .Any(container => older.Contains(container.DeploymentId)))
            {
                await Task.Delay(LookAgainAfter, time, cancellationToken);
            }

            return true;
        }
    }

    private static DeploymentFailedException NotStarted(Life life, string why) => new(
        FailureCode.ContainerStartFailed,
        $"The service was not started within {life.Deployment.Options.Timeouts.StartSeconds} s: {why}.",
        "Allow more with `timeouts.start_s`.");

    /// <summary>How often it was started again, with the next time.</summary>
    internal static int RestartsWith(Deployment deployment, TimeProvider time)
    {
        var wasUpForLong = deployment.UpAt is { } up && time.GetUtcNow() - up >= UpForLong;
        return deployment.NextTry ?? (wasUpForLong ? 1 : deployment.Restarts + 1);
    }

    // Null: it has ended for good. Else how often it was started again with this time.
    private async Task<int?> NextRestartAsync(Life life, DeploymentFailedException? failure)
    {
        var deployment = life.Deployment;
        if (life.Token.IsCancellationRequested || !deployment.IsService)
        {
            return null;
        }

        if (life.Exit is { EngineRestarted: true } || failure?.Code == FailureCode.Interrupted)
        {
            await GoDownAsync(life, new Restarting(RestartReason.Interrupted, null, null, 0));
            await life.Log.SayAsync("The Docker engine went away, and the service with it: it is started again.", life.Token);
            await PauseAsync(life, TimeSpan.Zero);
            return deployment.Restarts;
        }

        if (ReasonToRestart(deployment, life.Exit, failure) is not { } reason)
        {
            return null;
        }

        var restarts = RestartsWith(deployment, time);
        var pause = PauseBefore(restarts);
        var exitCode = reason == RestartReason.Exit ? life.Exit?.Code : null;
        await GoDownAsync(life, new Restarting(reason, exitCode, restarts, (int)pause.TotalSeconds));
        var why = exitCode is { } code ? $"The service ended with exit code {code}" : failure!.Message.TrimEnd('.');
        var which = restarts <= QuickRestarts ? $"{restarts} of {QuickRestarts}" : $"try {restarts}, every five minutes by now";
        await life.Log.SayAsync($"{why}: it is started again in {pause.TotalSeconds} s ({which}).", life.Token);
        await PauseAsync(life, pause);
        return restarts;
    }

    /// <summary>How long it waits before it is started for this time.</summary>
    internal static TimeSpan PauseBefore(int restarts) => restarts > QuickRestarts
        ? PatientPause
        : TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, restarts - 1)));

    // One that was never up has failed. One whose container somebody removed is given up by that, but for one that had ended and
    // waited to be started: what is removed then is rubbish.
    private static RestartReason? ReasonToRestart(
        Deployment deployment, ContainerExit? exit, DeploymentFailedException? failure) => failure?.Code switch
        {
            _ when deployment.FirstUpAt is null => null,
            FailureCode.TtlExpired => null,
            FailureCode.Unhealthy when deployment.UpAt is not null => RestartReason.Unhealthy,
            _ when deployment.Restart == RestartRule.No => null,
            FailureCode.ContainerLost when deployment.NextTry is null => null,
            null or FailureCode.ExitNonzero or FailureCode.OutOfMemory => exit switch
            {
                null => null,
                { Code: 0 } when deployment.Restart != RestartRule.Always => null,
                _ => RestartReason.Exit,
            },
            FailureCode.Unhealthy when failure.ExitCode is 0 && deployment.Restart != RestartRule.Always => null,
            FailureCode.Unhealthy => RestartReason.Unhealthy,
            _ => RestartReason.NotStarted,
        };

    private async Task GoDownAsync(Life life, Restarting restarting)
    {
        if (!await Retry.UntilDoneAsync(() => services.GoDownAsync(life.Claim, restarting, life.Token), time, life.Token))
        {
            await life.Interruption.WaitAsync();
        }
    }

    // Its time goes on meanwhile, and may be over.
    private async Task PauseAsync(Life life, TimeSpan pause)
    {
        var left = life.Deployment.ExpiresAt - time.GetUtcNow() ?? TimeSpan.MaxValue;
        if (left > pause)
        {
            await Task.Delay(pause, time, life.Token);
            return;
        }

        await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, life.Token);
        throw ServiceWatch.Expired(life.Deployment);
    }

    private async Task BeginAnewAsync(Life life, int restarts)
    {
        await _engine.RepeatAsync(
            life,
            async token =>
            {
                await runner.RemoveAllAsync(life.Deployment.Id, token);
                return true;
            },
            life.Token);
        var begun = await Retry.UntilDoneAsync(
            () => services.BeginRunAnewAsync(life.Claim, restarts, life.Token), time, life.Token);
        if (begun is null)
        {
            await life.Interruption.WaitAsync();
            return;
        }

        life.GoOnWith(begun);

        // The word that its leader reports with is of the attempt.
        var taken = await Retry.UntilDoneAsync(() => secrets.TakeAsync(begun, life.Token), time, life.Token);

        // Not cancelable, as when they were taken first.
        life.Log.Masker = await secrets.MaskerOfAsync(taken, CancellationToken.None);
        life.Secrets = taken;
    }

    private async Task RecordAsync(Life life, DeploymentKind kind, IReadOnlyList<PublishedPort> endpoints)
    {
        var deployment = life.Deployment;
        if (deployment.Kind == kind && deployment.Endpoints.SequenceEqual(endpoints))
        {
            return;
        }

        if (!await Retry.UntilDoneAsync(
            () => services.RecordKindAsync(life.Claim, kind, endpoints, life.Token), time, life.Token))
        {
            await life.Interruption.WaitAsync();
        }

        // With the names that it was given.
        var now = await Retry.UntilDoneAsync(() => store.FindAsync(deployment.Id, life.Token), time, life.Token);
        life.GoOnWith(now ?? deployment with { Kind = kind, Endpoints = endpoints });
    }
}
