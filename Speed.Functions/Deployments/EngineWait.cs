namespace Speed.Deployments;

/// <summary>Outlasts an engine that does not answer.</summary>
internal sealed class EngineWait(IRunner runner, TimeProvider time)
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Does a step that may be repeated; where the engine fails it, waits for the engine and does it again. Out of
    /// time while it waits, it throws the engine's fault.
    /// </summary>
    public async Task<T> RepeatAsync<T>(
        Life life, Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await step(cancellationToken);
            }
            catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
            {
                await life.Log.SayAsync($"{fault.Message} Waiting for it.", CancellationToken.None);
                if (!await AnswersAsync(cancellationToken))
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Waits for the engine. False if the time was up first.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            do
            {
                await Task.Delay(AskAgainAfter, time, cancellationToken);
            }
            while (await runner.FindFaultAsync(cancellationToken) is not null);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
