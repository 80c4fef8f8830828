namespace Speed.Deployments;

/// <summary>The run phase: one container from its creation, or its adoption, to its exit.</summary>
internal sealed class ContainerRun(
    IRunner runner, IDeploymentStore store, ILogStore logs, ServiceWatch services, Traffic traffic, TimeProvider time)
{
    private const string EngineGone = "the Docker engine went away, and output with it";
    private static readonly TimeSpan DeclaredGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastOutput = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StartSettles = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly EngineWait _engine = new(runner, time);

    public async Task RunAsync(Life life, string imageId)
    {
        await using (var output = new RunOutputSink(life, time))
        await using (var container = await WithinAsync(life, token => OpenAsync(life, imageId, output, token)))
        {
            await life.Log.SayAsync("Starting the container.", life.Token);
            if (!await Retry.UntilDoneAsync(() => store.AskStartAsync(life.Claim, life.Token), time, life.Token))
            {
                await life.Interruption.WaitAsync();
            }

            if (await TryStartAsync(life, container))
            {
                await WaitAsync(life, container);
                return;
            }
        }

        // The engine went away in the middle: whether the program was started is to be seen.
        await AdoptAsync(life);
    }

    /// <summary>Goes on with a container whose start was asked for, by an earlier process or an earlier engine.</summary>
    public async Task AdoptAsync(Life life)
    {
        while (!await TryAdoptAsync(life))
        {
            await life.Log.NoteGapAsync(EngineGone, life.Token);
            await life.Log.FlushAsync();
            life.Output = new RunOutput();
        }
    }

    // False if the engine went away before the output was joined, and is back.
    private async Task<bool> TryAdoptAsync(Life life)
    {
        var run = RunSecondsOf(life);
        await using var container = await Deadline.WithinAsync(
            run, time, () => RunMissed(run), token => FindStartedAsync(life, token), life.Token);
        life.Ran = true;
        await using var output = new RunOutputSink(life, time);
        try
        {
            await new AdoptedOutput(life, output, time).JoinAsync(container, logs);
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            if (await _engine.AnswersAsync(life.Token))
            {
                return false;
            }

            throw;
        }

        await WaitAsync(life, container);
        return true;
    }

    private Task<IContainer> WithinAsync(Life life, Func<CancellationToken, Task<IContainer>> step) =>
        Deadline.WithinAsync(
            life.StartSecondsLeft(time), time, () => StartMissed(life), token => _engine.RepeatAsync(life, step, token), life.Token);

    private async Task<IContainer> OpenAsync(
        Life life, string imageId, RunOutputSink output, CancellationToken cancellationToken)
    {
        var container = await runner.CreateAsync(
            life.Deployment, imageId, life.Secrets, life.Log, cancellationToken);
        try
        {
            await container.AttachAsync(output.WriteAsync, cancellationToken);
            return container;
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }

    // False if the engine went away, and is back.
    private async Task<bool> TryStartAsync(Life life, IContainer container)
    {
        try
        {
            life.Ran = await Deadline.WithinAsync(
                life.StartSecondsLeft(time), time, () => StartMissed(life), StartAsync, life.Token);
            return true;
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            await _engine.AnswersAsync(life.Token);
            return false;
        }

        async Task<bool> StartAsync(CancellationToken cancellationToken)
        {
            await container.StartAsync(cancellationToken);
            return true;
        }
    }

    // Never started again, for it may have run: one that stays as created was not started, and will not be.
    private async Task<IContainer> FindStartedAsync(Life life, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var container = await _engine.RepeatAsync(
                life, token => runner.FindAsync(life.Deployment, life.Log, token), cancellationToken) ?? throw Lost();
            if (container.State != ContainerState.Created)
            {
                return container;
            }

            await container.DisposeAsync();
            if (time.GetElapsedTime(began) > StartSettles)
            {
                throw NotStarted();
            }

            await Task.Delay(LookAgainAfter, time, cancellationToken);
        }
    }

    // A service has no limit to its run.
    private static int RunSecondsOf(Life life) =>
        life.Deployment.IsService ? 0 : life.Deployment.Options.Timeouts.RunSeconds;

    private async Task WaitAsync(Life life, IContainer container)
    {
        var run = RunSecondsOf(life);
        try
        {
            life.Exit = life.Deployment.IsService
                ? await services.WatchAsync(life, container)
                : await Deadline.WithinAsync(run, time, () => RunMissed(run), container.WaitAsync, life.Token);
            if (life.Exit.EngineRestarted)
            {
                await life.Log.NoteGapAsync(EngineGone, life.Token);
            }
        }
        catch (Exception) when (life.Interruption.Cause != InterruptionCause.Stopping)
        {
            await StopIfReachableAsync(life, container);
            throw;
        }
    }

    private async Task StopIfReachableAsync(Life life, IContainer container)
    {
        try
        {
            await StopAsync(life, container);
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            // Why it is to be stopped counts, and not this: it is removed once the engine is back.
        }
    }

    // Does not take the life's token: that is what ended it. When SPEED stops, the next process stops the container.
    private async Task StopAsync(Life life, IContainer container)
    {
        if (life.Exit is not null)
        {
            return;
        }

        var grace = TimeSpan.FromSeconds(life.Deployment.StopGraceSeconds);
        if (life.Interruption.Cause == InterruptionCause.Declared)
        {
            grace = life.Deployment.Options.StopGraceSeconds is null ? DeclaredGrace : grace;
            if (await ExitsWithinAsync(DeclaredGrace, life, container))
            {
                return;
            }
        }

        else if (life.Interruption.Cause == InterruptionCause.Superseded)
        {
            // Requests go to the newer one by now; those that are with this one may finish.
            await traffic.DrainAsync(life.Deployment.Id, life.Interruption.Stopping);
        }

        var signal = container.StopSignal == "SIGTERM" ? "SIGTERM" : $"{container.StopSignal}, the image's STOPSIGNAL";
        await life.Log.SayAsync($"Stopping: {signal}, and SIGKILL after {grace.TotalSeconds} s.", CancellationToken.None);
        if (await container.FindShellInFrontAsync(life.Interruption.Stopping) is { } shell)
        {
            await life.Log.SayAsync(
                $"{container.StopSignal} goes to `{shell}`, and to the program behind it only if that shell traps it and passes it on: "
                + "with `exec` in front of its command the program itself gets it.",
                CancellationToken.None);
        }

        await container.StopAsync(grace, life.Interruption.Stopping);
        await ExitsWithinAsync(LastOutput, life, container);
    }

    private async Task<bool> ExitsWithinAsync(TimeSpan limit, Life life, IContainer container)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, life.Interruption.Stopping);
        try
        {
            life.Exit = await container.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!life.Interruption.Stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    private static DeploymentFailedException Lost() => new(
        FailureCode.ContainerLost,
        "The container is gone, and its exit code with it.",
        "Something other than SPEED removed it; deploy again.");

    private static DeploymentFailedException NotStarted() => new(
        FailureCode.Interrupted,
        "SPEED or the engine stopped just as the program was to be started, and it was not started.",
        "Deploy again: nothing of the program ran.");

    private static DeploymentFailedException StartMissed(Life life) => new(
        FailureCode.ContainerStartFailed,
        $"The container was not started within {life.Deployment.Options.Timeouts.StartSeconds} s.",
        "The engine may be overloaded; allow more with `timeouts.start_s`.");

    private static DeploymentFailedException RunMissed(int seconds) => new(
        FailureCode.RunTimeout,
        $"The program ran for more than {seconds} s and was stopped.",
        "Allow more with `timeouts.run_s`, or 0 for no limit.");
}
