using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>One life of a deployment, from its claim to its end, top to bottom.</summary>
public sealed partial class DeploymentLife(
    ISource source,
    IRunner runner,
    ISecrets secrets,
    Images images,
    IDeploymentStore store,
    IServiceStore services,
    ILogStore logs,
    DiskGuard disk,
    WorkerState worker,
    LivesAtWork lives,
    Traffic traffic,
    Bell bell,
    TimeProvider time,
    IOptions<DeploymentSettings> settings,
    ILogger<DeploymentLife> logger)
{
    private readonly ServiceWatch _watch = new(store, services, worker, bell, time, logger);
    private readonly EngineWait _engine = new(runner, time);
    private readonly LifeEnd _end = new(runner, store, time);
    private readonly RoomWait _room = new(disk, runner, store, services, worker, time);

    /// <summary>
    /// Lives a claimed deployment to its end, or until <paramref name="stopping"/>: then it leaves the rest, a
    /// running container too, to whoever recovers it.
    /// </summary>
    public async Task LiveAsync(Deployment deployment, CancellationToken stopping)
    {
        for (var now = deployment; now is not null;)
        {
            try
            {
                now = await LiveOnAsync(now, stopping);
            }
            finally
            {
                lives.Leave(deployment.Id);
                disk.Forget(deployment.Id);
            }
        }

        traffic.Forget(deployment.Id);
    }

    // Null once it has ended; else the deployment as it goes on, after it had to make room for a newer one or on the disk.
    private async Task<Deployment?> LiveOnAsync(Deployment deployment, CancellationToken stopping)
    {
        await using var log = await Retry.UntilDoneAsync(
            () => DeploymentLog.OpenAsync(deployment.Id, logs, time, stopping), time, stopping);
        await using var interruption = Interruption.Watch(deployment, store, disk, bell, time, stopping);
        var life = new Life(deployment, log, interruption);

        if (deployment is { YieldsTo: not null, SupersededBy: null, Cancel: null, Status: DeploymentStatus.Running })
        {
            return await new Yielding(runner, store, services, bell, time).WaitAsync(life, stopping);
        }

        var failure = await RunStepsAsync(life);
        if (interruption.Cause == InterruptionCause.Stopping)
        {
            await log.FlushAsync();
            return null;
        }

        if (interruption.Cause == InterruptionCause.Yielding)
        {
            return await new Yielding(runner, store, services, bell, time).WaitAsync(life, stopping);
        }

        if (failure?.Code == FailureCode.DiskFull && interruption.Cause == InterruptionCause.DiskFull
            && await _room.BeginAnewAsync(life, stopping) is { } anew)
        {
            await Retry.UntilDoneAsync(FlushAsync, time, stopping);
            return anew;
        }

        var status = await _end.SettleAsync(life, failure, stopping);
        LogEnded(deployment.Id, status, failure?.Code.Wire ?? "");
        return null;

        async Task<bool> FlushAsync()
        {
            await log.FlushAsync();
            return true;
        }
    }

    // Null if every step succeeded, or something cut it short.
    private async Task<DeploymentFailedException?> RunStepsAsync(Life life)
    {
        try
        {
            await StepsAsync(life);
            return life.Exit is { } exit ? Verdict.Of(exit, life) : null;
        }
        catch (Exception) when (life.Interruption.Cause == InterruptionCause.DiskFull)
        {
            return disk.ToFailure(life.Deployment.Id);
        }
        catch (Exception) when (life.Interruption.EndsElsewhere)
        {
            return null;
        }
        catch (DeploymentFailedException failed)
        {
            return failed;
        }
        catch (Exception exception)
        {
            LogBroken(exception, life.Deployment.Id);
            return new DeploymentFailedException(
                FailureCode.Internal,
                "SPEED itself failed; the operator's log says more.",
                "Deploy again, and report it if it happens twice.",
                inner: exception);
        }
    }

    // From the beginning, or from where an earlier process left it.
    private async Task StepsAsync(Life life)
    {
        life.Log.Phase = life.Deployment.Phase ?? DeploymentPhase.Run;
        await TakeSecretsAsync(life);
        await _room.WaitAsync(life);
        lives.Enter(life);
        if (life.Deployment.SupersededBy is not null)
        {
            await life.Interruption.WaitAsync();
        }

        if (life.Deployment is { Phase: DeploymentPhase.Run, ImageId: { } imageId })
        {
            await RunAsync(life, imageId);
            return;
        }

        var madeId = await FindKeptImageAsync(life) ?? await MakeImageAsync(life);
        await EnterAsync(life, DeploymentPhase.Run);
        await RunAsync(life, madeId);
    }

    private async Task RunAsync(Life life, string imageId)
    {
        var run = new ContainerRun(runner, store, logs, _watch, traffic, time);
        var service = new ServiceRun(run, runner, store, services, _watch, secrets, time);
        if (life.Deployment is { StartAskedAt: null, Kind: null })
        {
            await service.ResolveKindAsync(life, imageId);
        }

        await (life.Deployment switch
        {
            { IsService: true } => service.RunAsync(life, imageId),
            { StartAskedAt: not null } => run.AdoptAsync(life),
            _ => run.RunAsync(life, imageId),
        });
    }

    // What is deployed again is the same image, as long as that is kept: it needs neither the repository nor its bases.
    private async Task<string?> FindKeptImageAsync(Life life)
    {
        var deployment = life.Deployment;
        if (deployment.RetryOf is not { } id || deployment.Options.ClearCache
            || await Retry.UntilDoneAsync(() => store.FindAsync(id, life.Token), time, life.Token)
                is not { ImageId: { } imageId, Branch: { } branch, Commit: { } commit })
        {
            return null;
        }

        var isKept = await Deadline.WithinAsync(
            deployment.Options.Timeouts.BuildSeconds,
            time,
            () => BuildMissed(deployment.Options.Timeouts.BuildSeconds),
            token => _engine.RepeatAsync(life, again => images.UseAgainAsync(imageId, RecordKeptAsync, again), token),
            life.Token);
        if (!isKept)
        {
            return null;
        }

        await life.Log.SayAsync($"Neither cloned nor built: image {imageId} of deployment {id} is kept.", life.Token);
        return imageId;

        async Task RecordKeptAsync()
        {
            await RecordCommitAsync(life, branch, commit);
            await RecordAsync(life, () => store.RecordImageAsync(life.Claim, imageId, life.Token));
        }
    }

    private async Task<string> MakeImageAsync(Life life)
    {
        var timeouts = life.Deployment.Options.Timeouts;
        life.Log.Phase = DeploymentPhase.Clone;
        await using var tree = await Deadline.WithinAsync(
            timeouts.CloneSeconds,
            time,
            () => CloneMissed(timeouts.CloneSeconds),
            token => source.FetchAsync(life.Deployment, life.Secrets, life.Log, token),
            life.Token);
        await RecordCommitAsync(life, tree.Branch, tree.Commit);
        await TakeOverAsync(life);

        await EnterAsync(life, DeploymentPhase.Build);
        return await Deadline.WithinAsync(
            timeouts.BuildSeconds,
            time,
            () => BuildMissed(timeouts.BuildSeconds),
            token => _engine.RepeatAsync(life, again => BuildAsync(life, tree, again), token),
            life.Token);
    }

    private async Task<string> BuildAsync(Life life, ISourceTree tree, CancellationToken cancellationToken)
    {
        await using var plan = await runner.PlanAsync(life.Deployment, tree, life.Secrets, life.Log, cancellationToken);
        var from = new BuiltFrom(plan.DockerfileText, plan.Sources) { Exposed = plan.Exposed }.Masked(life.Log.Masker);
        await RecordAsync(life, () => store.RecordBuiltFromAsync(life.Claim, from, life.Token));
        return await images.UseAsync(plan, tree, life.Log, RecordImageAsync, cancellationToken);

        Task RecordImageAsync(string imageId) =>
            RecordAsync(life, () => store.RecordImageAsync(life.Claim, imageId, life.Token));
    }

    private Task RecordCommitAsync(Life life, string branch, string commit) => RecordAsync(
        life,
        () => store.RecordCommitAsync(life.Claim, branch, commit, settings.Value.MaxResources, life.Token));

    // Said by each attempt, as what it does is, though it was decided by the first.
    private async Task TakeOverAsync(Life life)
    {
        if (life.Deployment.TakenOver is { } taken)
        {
            await life.Log.SayAsync(taken.Tell(), life.Token);
            await TakeSecretsAsync(life);
        }
    }

    private async Task TakeSecretsAsync(Life life)
    {
        var taken = await Retry.UntilDoneAsync(
            () => secrets.TakeAsync(life.Deployment, life.Token), time, life.Token);

        // Not cancelable: what is said of a life that was cut short is masked, too.
        life.Log.Masker = await secrets.MaskerOfAsync(taken, CancellationToken.None);
        life.Secrets = taken;
    }

    private async Task EnterAsync(Life life, DeploymentPhase phase)
    {
        await RecordAsync(life, () => store.EnterPhaseAsync(life.Claim, phase, life.Token));
        life.Log.Phase = phase;
    }

    // A stale claim means that the store holds a cause to stop that the watch is about to see. Else the life goes on with
    // what was recorded: its branch, for one, says more than what was asked for.
    private async Task RecordAsync(Life life, Func<Task<bool>> write)
    {
        if (!await Retry.UntilDoneAsync(write, time, life.Token))
        {
            await life.Interruption.WaitAsync();
        }

        var now = await Retry.UntilDoneAsync(() => store.FindAsync(life.Deployment.Id, life.Token), time, life.Token);
        life.GoOnWith(now ?? life.Deployment);
    }

    private static DeploymentFailedException CloneMissed(int seconds) => new(
        FailureCode.CloneTimeout,
        $"The repository was not fetched within {seconds} s.",
        "Allow more with `timeouts.clone_s`, or look at the repository's server.");

    private static DeploymentFailedException BuildMissed(int seconds) => new(
        FailureCode.BuildTimeout,
        $"The image was not built within {seconds} s; the build was stopped.",
        "Allow more with `timeouts.build_s`.");

    [LoggerMessage(LogLevel.Information, "Deployment {Id} ended {Status} {Code}")]
    private partial void LogEnded(long id, DeploymentStatus status, string code);

    [LoggerMessage(LogLevel.Error, "Deployment {Id} met a fault of SPEED's own")]
    private partial void LogBroken(Exception exception, long id);
}
