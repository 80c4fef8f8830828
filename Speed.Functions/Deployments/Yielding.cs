namespace Speed.Deployments;

/// <summary>A service that a newer one of its like has asked for its host port: stopped, until that one has ended or is up.</summary>
internal sealed class Yielding(
    IRunner runner, IDeploymentStore store, IServiceStore services, Bell bell, TimeProvider time)
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(250);

    /// <summary>Gives the deployment as it goes on: as its next attempt, or to its end.</summary>
    public async Task<Deployment?> WaitAsync(Life life, CancellationToken stopping)
    {
        var (id, newer) = (life.Deployment.Id, life.Deployment.YieldsTo);
        await Retry.UntilDoneAsync(RemoveAsync, time, stopping);
        await life.Log.FlushAsync();
        while (true)
        {
            var ring = Task.WhenAny(bell.Next(id), bell.Next(Bell.Queue));
            var now = await Retry.UntilDoneAsync(() => store.FindAsync(id, stopping), time, stopping);
            switch (now)
            {
                case { Status: DeploymentStatus.Running, Cancel: null, SupersededBy: null, YieldsTo: not null }:
                    newer = now.YieldsTo;
                    await ring.WaitAsync(stopping);
                    break;
                case { Status: DeploymentStatus.Running, Cancel: null, SupersededBy: null }:
                    await Retry.UntilDoneAsync(() => UntilGoneAsync(newer), time, stopping);
                    await life.Log.SayAsync(
                        $"Deployment {newer} did not come up: this one is started.", stopping);
                    return await Retry.UntilDoneAsync(
                        () => services.BeginRunAnewAsync(now.Claim, now.Restarts, stopping), time, stopping) ?? now;
                default:
                    return now;
            }
        }

        // Its row is final before its container is removed, and until then it may hold the port.
        async Task<bool> UntilGoneAsync(long? newerId)
        {
            while ((await runner.ListContainersAsync(stopping)).Any(container => container.DeploymentId == newerId))
            {
                await Task.Delay(LookAgainAfter, time, stopping);
            }

            return true;
        }

        async Task<bool> RemoveAsync()
        {
            await runner.RemoveAllAsync(id, stopping);
            return true;
        }
    }
}
