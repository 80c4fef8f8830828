namespace Speed.Deployments;

/// <summary>
/// What becomes of a life that was stopped for want of room on a disk: a build and a service begin anew, as the next
/// attempt, and wait until there is room. A job whose start was asked for does not: it may have run.
/// </summary>
internal sealed class RoomWait(
    DiskGuard disk, IRunner runner, IDeploymentStore store, IServiceStore services, WorkerState worker, TimeProvider time)
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    // It holds a slot, so it must not wait for ever for a quarter that never comes.
    private static readonly TimeSpan EnoughFor = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Waits until there is well enough room, or has been enough for a minute, before anything is started. At once where a program may run already, or
    /// there is room.
    /// </summary>
    public async Task WaitAsync(Life life)
    {
        if (life.Deployment.StartAskedAt is not null || disk.Fault is not { } fault)
        {
            return;
        }

        await life.Log.SayAsync($"{fault} This deployment waits for that.", life.Token);
        long? enoughSince = null;
        while (!disk.IsRoomy)
        {
            enoughSince = disk.Level == DiskLevel.Enough ? enoughSince ?? time.GetTimestamp() : null;
            if (enoughSince is { } since && time.GetElapsedTime(since) >= EnoughFor)
            {
                break;
            }

            if (life.Deployment.ExpiresAt is { } expiresAt && expiresAt <= time.GetUtcNow())
            {
                throw ServiceWatch.Expired(life.Deployment);
            }

            await Task.Delay(LookAgainAfter, time, life.Token);
        }

        await life.Log.SayAsync("There is room on the disk again.", life.Token);
    }

    /// <summary>
    /// Gives the deployment as it goes on, as its next attempt or to what was asked of it meanwhile. Null where it is not to
    /// begin anew: a job that may have run, and what was stopped too often.
    /// </summary>
    public async Task<Deployment?> BeginAnewAsync(Life life, CancellationToken stopping)
    {
        var id = life.Deployment.Id;
        var now = await RetryAsync(() => store.FindAsync(id, stopping), stopping);
        switch (now)
        {
            case { Status: DeploymentStatus.Running, Cancel: null, SupersededBy: null, YieldsTo: null }:
                break;
            default:
                return now;
        }

        if (now is { IsService: true, StartAskedAt: not null })
        {
            return ServiceRun.RestartsWith(now, time) is var restarts
                && (restarts <= ServiceRun.QuickRestarts || now.Restart != RestartRule.No)
                ? await BeginServiceAsync(life, now, restarts, stopping)
                : null;
        }

        return now is { StartAskedAt: null } && now.Attempt < Recovery.MaxAttempts
            ? await BeginBuildAsync(life, now, stopping)
            : null;
    }

    private async Task<Deployment?> BeginServiceAsync(Life life, Deployment now, int restarts, CancellationToken stopping)
    {
        await SayAsync(life);
        var restarting = new Restarting(RestartReason.DiskFull, null, null, 0);
        await RetryAsync(() => services.GoDownAsync(now.Claim, restarting, stopping), stopping);
        await RemoveAsync(life, stopping);
        if (restarts > ServiceRun.QuickRestarts)
        {
            await PauseAsync(now, ServiceRun.PauseBefore(restarts), stopping);
        }

        var begun = await RetryAsync(() => services.BeginRunAnewAsync(now.Claim, restarts, stopping), stopping);
        return begun ?? await RetryAsync(() => store.FindAsync(now.Id, stopping), stopping);
    }

    // It fills the disk each time. It ends at once where something else is asked of it meanwhile, or its time is up.
    private async Task PauseAsync(Deployment service, TimeSpan pause, CancellationToken stopping)
    {
        var until = time.GetUtcNow() + pause;
        while (time.GetUtcNow() < until && !(service.ExpiresAt <= time.GetUtcNow())
            && await RetryAsync(() => store.FindAsync(service.Id, stopping), stopping)
                is { Status: DeploymentStatus.Running, Cancel: null, SupersededBy: null, YieldsTo: null })
        {
            await Task.Delay(LookAgainAfter, time, stopping);
        }
    }

    private async Task<Deployment?> BeginBuildAsync(Life life, Deployment now, CancellationToken stopping)
    {
        await SayAsync(life);
        await RemoveAsync(life, stopping);
        var begun = await RetryAsync(() => store.TakeOverAsync(now.Claim, worker.Owner, repeat: true, stopping), stopping);
        return begun ?? await RetryAsync(() => store.FindAsync(now.Id, stopping), stopping);
    }

    private async Task SayAsync(Life life) => await life.Log.SayAsync(
        $"Stopped: {disk.ToFailure(life.Deployment.Id).Message} It begins anew once there is room.", CancellationToken.None);

    private Task<bool> RemoveAsync(Life life, CancellationToken stopping) => RetryAsync(
        async () =>
        {
            await runner.RemoveAllAsync(life.Deployment.Id, stopping);
            return true;
        },
        stopping);

    private Task<T> RetryAsync<T>(Func<Task<T>> step, CancellationToken stopping) =>
        Retry.UntilDoneAsync(step, time, stopping);
}
