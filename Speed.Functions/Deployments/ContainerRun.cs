namespace Speed.Deployments;

/// <summary>The run phase: one container from its creation, or its adoption, to its exit.</summary>
internal sealed class ContainerRun(IRunner runner, IDeploymentStore store, ILogStore logs, TimeProvider time)
{
    private static readonly TimeSpan CancelGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DeclaredGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastOutput = TimeSpan.FromSeconds(15);

    public async Task RunAsync(Life life, string imageId)
    {
        var start = life.Deployment.Options.Timeouts.StartSeconds;
        await using var container = await Deadline.WithinAsync(
            start,
            time,
            () => StartMissed(start),
            token => runner.CreateAsync(life.Deployment, imageId, life.Log, token),
            life.Token);
        await using var output = new RunOutputSink(life, time);
        await container.AttachAsync(output.WriteAsync, life.Token);
        if (!await Retry.UntilDoneAsync(() => store.AskStartAsync(life.Claim, life.Token), time, life.Token))
        {
            await life.Interruption.WaitAsync();
        }

        await StartAsync(life, container, start);
        await WaitAsync(life, container);
    }

    /// <summary>Goes on with a container that an earlier process started.</summary>
    public async Task AdoptAsync(Life life)
    {
        await using var container = await runner.FindAsync(life.Deployment, life.Token)
            ?? throw new DeploymentFailedException(
                FailureCode.ContainerLost,
                "The container is gone, and its exit code with it.",
                "Something other than SPEED removed it; deploy again.");
        await using var output = new RunOutputSink(life, time);
        await new AdoptedOutput(life, output, time).JoinAsync(container, logs);
        await WaitAsync(life, container);
    }

    private async Task StartAsync(Life life, IContainer container, int seconds)
    {
        await life.Log.SayAsync("Starting the container.", life.Token);
        life.Ran = await Deadline.WithinAsync(seconds, time, () => StartMissed(seconds), StartAsync, life.Token);

        async Task<bool> StartAsync(CancellationToken cancellationToken)
        {
            await container.StartAsync(cancellationToken);
            return true;
        }
    }

    private async Task WaitAsync(Life life, IContainer container)
    {
        var run = life.Deployment.Options.Timeouts.RunSeconds;
        try
        {
            life.Exit = await Deadline.WithinAsync(run, time, () => RunMissed(run), container.WaitAsync, life.Token);
        }
        catch (Exception) when (life.Interruption.Cause != InterruptionCause.Stopping)
        {
            await StopAsync(life, container);
            throw;
        }
    }

    // Does not take the life's token: that is what ended it.
    private async Task StopAsync(Life life, IContainer container)
    {
        var grace = CancelGrace;
        if (life.Interruption.Cause == InterruptionCause.Declared)
        {
            grace = DeclaredGrace;
            if (await ExitsWithinAsync(DeclaredGrace, life, container))
            {
                return;
            }
        }

        await life.Log.SayAsync($"Stopping: SIGTERM, and SIGKILL after {grace.TotalSeconds} s.", CancellationToken.None);
        await container.StopAsync(grace, CancellationToken.None);
        await ExitsWithinAsync(LastOutput, life, container);
    }

    private async Task<bool> ExitsWithinAsync(TimeSpan limit, Life life, IContainer container)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        try
        {
            life.Exit = await container.WaitAsync(deadline.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static DeploymentFailedException StartMissed(int seconds) => new(
        FailureCode.ContainerStartFailed,
        $"The container was not started within {seconds} s.",
        "The engine may be overloaded; allow more with `timeouts.start_s`.");

    private static DeploymentFailedException RunMissed(int seconds) => new(
        FailureCode.RunTimeout,
        $"The program ran for more than {seconds} s and was stopped.",
        "Allow more with `timeouts.run_s`, or 0 for no limit.");
}

/// <summary>Sends a container's output to the log, line by line, and to what its results are made of.</summary>
internal sealed class RunOutputSink(Life life, TimeProvider time) : IAsyncDisposable
{
    private readonly LineSplitter _stdout = new(life.Log, LogStream.Stdout);
    private readonly LineSplitter _stderr = new(life.Log, LogStream.Stderr);
    private volatile bool _dropped;

    public ValueTask WriteAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        life.Output.Add(stream, bytes.Span);
        if (life.Interruption.Cause != InterruptionCause.DiskFull)
        {
            return LogAsync(stream, bytes, cancellationToken);
        }

        // The little room that is left is for the end.
        _dropped = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>To the log alone.</summary>
    public ValueTask LogAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        (stream == LogStream.Stderr ? _stderr : _stdout).WriteAsync(bytes, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (life.Interruption.Cause == InterruptionCause.Stopping)
        {
            // A begun line is read again, whole, by whoever adopts the container.
            return;
        }

        await _stdout.DisposeAsync();
        await _stderr.DisposeAsync();
        if (_dropped)
        {
            await Retry.UntilDoneAsync(NoteGapAsync, time, life.Interruption.Stopping);
        }
    }

    private async Task<bool> NoteGapAsync()
    {
        await life.Log.NoteGapAsync("the disk was full", CancellationToken.None);
        return true;
    }
}
