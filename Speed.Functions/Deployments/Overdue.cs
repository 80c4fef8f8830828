namespace Speed.Deployments;

/// <summary>Ends what no life watches: those that waited too long, and those whose leader fell silent.</summary>
public sealed class Overdue(IDeploymentStore store)
{
    /// <summary>Ends all that are past their time. Gives how long it is until the next one; null if none waits.</summary>
    public async Task<TimeSpan?> EndAllAsync(CancellationToken cancellationToken)
    {
        foreach (var deployment in await store.ListOverdueAsync(cancellationToken))
        {
            var failure = FailureOf(deployment);
            var account = new NewResult(ResultSource.Speed, $"{failure.Code.Wire}: {failure.Message} {failure.Hint}");
            await store.SettleAsync(
                deployment.Claim,
                new Settlement(DeploymentStatus.Failed, failure, null, [account]),
                cancellationToken);
        }

        return await store.NextDueAsync(cancellationToken);
    }

    private static Failure FailureOf(Deployment deployment)
    {
        var timeouts = deployment.Options.Timeouts;
        return deployment.Status == DeploymentStatus.Pending
            ? new Failure(
                FailureCode.QueueTimeout,
                null,
                null,
                $"No slot became free within {timeouts.QueueSeconds} s.",
                "Deploy again when fewer wait, or allow more with `timeouts.queue_s`; the operator can raise Speed__MaxRunning.",
                null)
            : new Failure(
                FailureCode.RunTimeout,
                null,
                null,
                $"The leader that took it over did not report its end within {timeouts.RunSeconds} s.",
                "Nobody reported: a leader ends it with /update, or allows more with `timeouts.run_s`.",
                null);
    }
}
