namespace Speed.Deployments;

/// <summary>A service that a newer one of its like has asked for its host port: stopped, until that one has ended or is up.</summary>
internal sealed class Yielding(
    IRunner runner, IDeploymentStore store, IServiceStore services, Bell bell, TimeProvider time)
{
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
                    await life.Log.SayAsync(
                        $"Deployment {newer} did not come up: this one is started again.", stopping);
                    return await Retry.UntilDoneAsync(
                        () => services.BeginRunAnewAsync(now.Claim, now.Restarts, stopping), time, stopping) ?? now;
                default:
                    return now;
            }
        }

        async Task<bool> RemoveAsync()
        {
            await runner.RemoveAllAsync(id, stopping);
            return true;
        }
    }
}
