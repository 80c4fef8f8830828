using System.Runtime.CompilerServices;

namespace Speed.Deployments;

/// <summary>
/// Takes over what an earlier process left, by facts and not by time: clone and build are repeated, a started
/// container is adopted.
/// </summary>
public sealed class Recovery(IDeploymentStore store, IRunner runner)
{
    /// <summary>How often clone and build are begun.</summary>
    internal const int MaxAttempts = 3;

    /// <summary>Gives each deployment that is to be lived on, under a new epoch; settles the others.</summary>
    public async IAsyncEnumerable<Deployment> TakeOverAllAsync(
        string owner, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var left in await store.ListUnfinishedAsync(cancellationToken))
        {
            if (left.Status.IsFinal)
            {
                // Its end was declared; what is left of it is to be stopped, and its log to be closed.
                yield return left;
                continue;
            }

            // With an image and no start asked for, the container is made or found, and started now.
            var canStart = left is { Phase: DeploymentPhase.Run, ImageId: not null };
            var repeat = left is { StartAskedAt: null, Cancel: null } && !canStart;
            if (repeat && left.Attempt >= MaxAttempts)
            {
                await InterruptAsync(left, cancellationToken);
            }
            else if (await store.TakeOverAsync(left.Claim, owner, repeat, cancellationToken) is { } taken)
            {
                yield return taken;
            }
        }
    }

    /// <summary>
    /// Removes the containers of deployments that have ended: the row is written first, and a process that died before
    /// the removal has left them. Those that no record tells of stay. Needs the engine.
    /// </summary>
    public async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        foreach (var container in await runner.ListContainersAsync(cancellationToken))
        {
            if (container.StandingUnder(await store.FindAsync(container.DeploymentId, cancellationToken))
                == ContainerStanding.Leftover)
            {
                await runner.RemoveAsync(container, cancellationToken);
            }
        }
    }

    private async Task InterruptAsync(Deployment left, CancellationToken cancellationToken)
    {
        var failure = new Failure(
            FailureCode.Interrupted,
            left.Phase,
            null,
            $"It was begun {MaxAttempts} times, and each time SPEED stopped or its disk had no room.",
            "Deploy again; if it stops SPEED each time, tell its operator.",
            null);
        var account = new NewResult(ResultSource.Speed, $"{failure.Code.Wire}: {failure.Message} {failure.Hint}");
        await store.SettleAsync(
            left.Claim, new Settlement(DeploymentStatus.Failed, failure, null, [account]), cancellationToken);
    }
}
