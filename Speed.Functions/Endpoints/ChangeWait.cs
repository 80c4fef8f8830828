using Microsoft.Extensions.Hosting;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Waits for a deployment to change.</summary>
public sealed class ChangeWait(IDeploymentStore store, Bell bell, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The deployment once its version is above <paramref name="since"/>; unchanged after <paramref name="atMost"/>,
    /// after a minute, and when SPEED stops.
    /// </summary>
    internal async Task<Deployment> AwaitAsync(
        Deployment deployment, long since, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(atMost < Longest ? atMost : Longest, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            timer.Token, lifetime.ApplicationStopping, cancellationToken);
        var over = Task.Delay(Timeout.InfiniteTimeSpan, time, end.Token);
        while (!over.IsCompleted)
        {
            // Ring before look, or a change between the two would be missed.
            var ring = bell.Next(deployment.Id);
            deployment = await store.FindAsync(deployment.Id, cancellationToken) ?? deployment;
            if (deployment.Version > since)
            {
                return deployment;
            }

            await Task.WhenAny(ring, over);
        }

        return deployment;
    }
}
