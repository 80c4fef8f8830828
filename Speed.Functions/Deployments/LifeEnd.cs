namespace Speed.Deployments;

/// <summary>
/// The end of a life: closes the log, settles the deployment, removes what it left on the engine. What the
/// store or the engine cannot do now is tried again until it can, or until SPEED stops.
/// </summary>
internal sealed class LifeEnd(IRunner runner, IDeploymentStore store, TimeProvider time)
{
    /// <summary>Gives the status it ended with, whoever decided it.</summary>
    /// <param name="failure">Null if every step succeeded, or something cut the life short.</param>
    public async Task<DeploymentStatus> SettleAsync(
        Life life, DeploymentFailedException? failure, CancellationToken stopping)
    {
        if (life.Interruption.EndsElsewhere)
        {
            return await SettleInterruptedAsync(life, isLogOpen: true, stopping);
        }

        failure = failure?.Mask(life.Log.Masker);
        var settlement = SettlementOf(life, failure);
        await SayAsync(life, failure);
        await RetryAsync(() => life.Log.CloseAsync(), stopping);
        if (!await RetryAsync(() => store.SettleAsync(life.Claim, settlement, CancellationToken.None), stopping))
        {
            // An end was declared or a cancel requested at the last moment.
            return await SettleInterruptedAsync(life, isLogOpen: false, stopping);
        }

        await RemoveAsync(life, stopping);
        return settlement.Status;
    }

    private async Task<DeploymentStatus> SettleInterruptedAsync(Life life, bool isLogOpen, CancellationToken stopping)
    {
        // Before the row says that it is over: canceled means that nothing of it is alive.
        await RemoveAsync(life, stopping);
        if (isLogOpen)
        {
            await SaySupersededAsync(life, stopping);
        }

        await RetryAsync(() => life.Log.CloseAsync(), stopping);
        var now = await RetryAsync(() => store.FindAsync(life.Deployment.Id, CancellationToken.None), stopping);
        if (now is { Status.IsFinal: false } && EndOf(life, now) is { } canceled)
        {
            await RetryAsync(() => store.SettleAsync(life.Claim, canceled, CancellationToken.None), stopping);
            return DeploymentStatus.Canceled;
        }

        var results = life.Output.ToResults(HasFailed(life));
        await RetryAsync(() => store.CloseAsync(life.Deployment.Id, results, CancellationToken.None), stopping);
        return now?.Status ?? DeploymentStatus.Canceled;
    }

    private async Task SaySupersededAsync(Life life, CancellationToken stopping)
    {
        var now = await FindAsync(life.Deployment.Id);
        if (now is { Cancel: null, SupersededBy: { } id } && await FindAsync(id) is { } newer
            && Replacement.ToldToOlder(now, newer) is { } words)
        {
            await life.Log.SayAsync(words, CancellationToken.None);
        }

        Task<Deployment?> FindAsync(long one) =>
            RetryAsync(() => store.FindAsync(one, CancellationToken.None), stopping);
    }

    private static Settlement SettlementOf(Life life, DeploymentFailedException? failure)
    {
        if (failure is null)
        {
            return new Settlement(DeploymentStatus.Succeeded, null, life.Exit?.Code, life.Output.ToResults(false));
        }

        var ran = life.Ran && failure.Code != FailureCode.ContainerStartFailed && !life.NeverCameUp;
        IReadOnlyList<NewResult> results = ran ? life.Output.ToResults(HasFailed(life)) : [Account(life, failure)];
        var logLine = life.Log.LastN == 0 ? (long?)null : life.Log.LastN;
        var status = failure.Code == FailureCode.TtlExpired ? DeploymentStatus.Canceled : DeploymentStatus.Failed;
        return new Settlement(
            status, failure.ToFailure(life.Log.Phase, logLine), life.Exit?.Code, results);
    }

    private static Settlement? EndOf(Life life, Deployment now) => now switch
    {
        { Cancel: { } cancel } => Canceled(life, cancel),
        { SupersededBy: { } newer } => Superseded(life, newer),
        _ => null,
    };

    private static Settlement Superseded(Life life, long newer)
    {
        var failure = new Failure(
            FailureCode.Superseded,
            life.Log.Phase,
            life.Exit?.Code,
            $"Deployment {newer} of the same repository, branch, subdirectory and name is up in its place.",
            null,
            null);
        return new Settlement(
            DeploymentStatus.Canceled, failure, life.Exit?.Code, life.Output.ToResults(HasFailed(life)));
    }

    private static Settlement Canceled(Life life, Cancellation cancel)
    {
        var why = cancel.Reason is { } reason ? $": {reason}" : ".";
        var message = life.Log.Masker.Mask($"Canceled by {cancel.By}{why}");
        var failure = new Failure(FailureCode.Canceled, life.Log.Phase, life.Exit?.Code, message, null, null);
        return new Settlement(
            DeploymentStatus.Canceled, failure, life.Exit?.Code, life.Output.ToResults(HasFailed(life)));
    }

    private static NewResult Account(Life life, DeploymentFailedException failure)
    {
        string[] head = [$"{failure.Code.Wire}: {failure.Message} {failure.Hint}".TrimEnd()];
        return new NewResult(ResultSource.Speed, string.Join('\n', head.Concat(life.Log.LastLines)));
    }

    private static bool HasFailed(Life life) => life.Exit is { Code: not 0 };

    private static async Task SayAsync(Life life, DeploymentFailedException? failure)
    {
        var text = failure is null
            ? "Succeeded: the program exited with code 0."
            : $"{(failure.Code == FailureCode.TtlExpired ? "Canceled" : "Failed")}: {failure.Code.Wire}. {failure.Message} {failure.Hint}".TrimEnd();
        await life.Log.SayAsync(text, CancellationToken.None);
    }

    private async Task RemoveAsync(Life life, CancellationToken stopping)
    {
        await RetryAsync(RemoveAllAsync, stopping);

        async Task<bool> RemoveAllAsync()
        {
            // Whoever starts next removes what is left now.
            await runner.RemoveAllAsync(life.Deployment.Id, stopping);
            return true;
        }
    }

    private Task<T> RetryAsync<T>(Func<Task<T>> step, CancellationToken stopping) =>
        Retry.UntilDoneAsync(step, time, stopping);
}
