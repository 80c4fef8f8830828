namespace Speed.Deployments;

internal static class Deadline
{
    /// <summary>
    /// Runs a step that must be done within <paramref name="seconds"/>, zero for no limit. Past it the step is
    /// canceled, and what <paramref name="missed"/> makes is thrown in place of whatever it died of.
    /// </summary>
    public static async Task<T> WithinAsync<T>(
        int seconds,
        TimeProvider time,
        Func<DeploymentFailedException> missed,
        Func<CancellationToken, Task<T>> step,
        CancellationToken cancellationToken)
    {
        var limit = seconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds);
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await step(either.Token);
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            // It says more than that the time was up.
            throw;
        }
        catch (Exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw missed();
        }
    }
}
