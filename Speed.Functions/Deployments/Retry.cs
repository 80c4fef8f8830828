namespace Speed.Deployments;

/// <summary>For what must be done, and cannot for now: the store is locked or full, the engine is away.</summary>
internal static class Retry
{
    public static readonly TimeSpan After = TimeSpan.FromSeconds(1);

    /// <summary>Tries each second until it is done; gives up only with <paramref name="stopping"/>.</summary>
    public static async Task<T> UntilDoneAsync<T>(Func<Task<T>> step, TimeProvider time, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await step();
            }
            catch (Exception exception) when (exception is StoreUnavailableException
                or DeploymentFailedException { Code: FailureCode.DockerUnavailable })
            {
                await Task.Delay(After, time, stopping);
            }
        }
    }
}
