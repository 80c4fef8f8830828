namespace Speed.Deployments;

/// <summary>
/// For steps that may be repeated because no start was asked for yet: an engine that goes away fails no deployment.
/// </summary>
internal static class EngineAbsence
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>Takes the step, again and again while the engine does not answer, and says in the log that it waits.</summary>
    public static async Task<T> OutlastAsync<T>(
        Func<Task<T>> step, DeploymentLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var said = false; ; said = true)
        {
            try
            {
                return await step();
            }
            catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
            {
                if (!said)
                {
                    await log.SayAsync($"{fault.Message} Waiting for it.", cancellationToken);
                }

                await Task.Delay(TryAgainAfter, time, cancellationToken);
            }
        }
    }
}
