namespace Speed.Cli;

/// <summary>Waits for what becomes of a deployment.</summary>
internal static class DeploymentWatch
{
    // Short of what SPEED and proxies in front of it allow; an answer that takes twice as long does not come any more.
    private const int WaitSeconds = 20;

    /// <summary>
    /// Shows the log until the deployment is up or has ended, and gives it then. Interrupted, it says how to look
    /// again: the deployment goes on.
    /// </summary>
    public static async Task<Deployment> FollowAsync(this Session session, long id, CancellationToken cancellationToken)
    {
        var reconnection = new Reconnection(session.Terminal.Time, session.Error);
        var log = new LogFollower(session.Speed, id, new LogQuery(), reconnection, session.ShowOnError);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = log.FollowAsync(stop.Token);
        try
        {
            var now = await session.UntilAsync(id, one => one.IsUp || one.IsLogClosed, cancellationToken);

            // The follower lets go first, for its connection may be dead without a word; and what was said until now is
            // read once more from where it stood.
            await stop.CancelAsync();
            await Task.WhenAny(following);
            await session.ReadRestAsync(log, cancellationToken);
            return now;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            session.Error.Line(
                $"Deployment {id} goes on. Look again: speed logs {id} --follow. End it: speed cancel {id}.");
            throw;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAny(following);
        }
    }

    /// <summary>The deployment once it is so, whatever happens to the connection meanwhile.</summary>
    public static async Task<Deployment> UntilAsync(
        this Session session, long id, Func<Deployment, bool> isSo, CancellationToken cancellationToken)
    {
        var reconnection = new Reconnection(session.Terminal.Time, notes: null);
        for (var since = 0L; ;)
        {
            var path = $"v1/deployments/{id}?wait={WaitSeconds}&since={since}";
            var now = await reconnection.TryAsync(() => session.AskAsync(path, cancellationToken), cancellationToken);
            if (isSo(now))
            {
                return now;
            }

            if (now.Version == since)
            {
                // Unchanged: it waited in vain, or SPEED is about to stop and answers at once.
                await reconnection.PauseAsync(cancellationToken);
            }

            since = now.Version;
        }
    }

    /// <summary>
    /// Does what follows something that SPEED has done already. What keeps it from that is told behind
    /// <paramref name="done"/>, and never as a refusal: that would say that nothing was done.
    /// </summary>
    public static async Task<Deployment> AfterwardsAsync(string done, Func<Task<Deployment>> follow)
    {
        try
        {
            return await follow();
        }
        catch (SpeedException fault)
        {
            throw new SpeedException($"{done}: {fault.Message}", ExitCode.NoAnswer, fault);
        }
    }

    // How the deployment stands is known by now, whatever is the matter with its log.
    private static async Task ReadRestAsync(this Session session, LogFollower log, CancellationToken cancellationToken)
    {
        try
        {
            await log.ReadAsync(cancellationToken);
        }
        catch (SpeedException fault)
        {
            session.Error.Line($"The log could not be followed to its end: {fault.Message}");
        }
    }

    private static async Task<Deployment> AskAsync(
        this Session session, string path, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(2 * WaitSeconds), session.Terminal.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return new Deployment(await session.Speed.GetAsync(path, either.Token));
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SpeedException("SPEED did not answer in time.", ExitCode.NoAnswer, fault) { MayPass = true };
        }
    }

    private static void ShowOnError(this Session session, LogEntry entry) =>
        session.Error.Log(entry.Text, entry.Continues);
}
