using System.Runtime.CompilerServices;

namespace Speed.Deployments;

/// <summary>Reads a deployment's log from the store, and waits for what is still to come.</summary>
public sealed class LogReader(IDeploymentStore deployments, ILogStore logs, Bell bell)
{
    /// <summary>
    /// The entries after line <paramref name="after"/>. With <paramref name="follow"/> it ends when the log is
    /// closed and all of it was given; without, at the line that was last when it began.
    /// </summary>
    public async IAsyncEnumerable<LogEntry> ReadAsync(
        long id, long after, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var end = follow ? long.MaxValue : (await logs.SummarizeAsync(id, cancellationToken)).Lines;
        while (true)
        {
            // Ring before status, status before lines: a log seen closed here has every line stored.
            var ring = bell.Next(id);
            var closed = (await deployments.FindAsync(id, cancellationToken)) is not { LogClosedAt: null };

            while (after < end)
            {
                var page = await logs.ReadAsync(id, after, cancellationToken);
                if (page.Count == 0)
                {
                    break;
                }

                foreach (var entry in page.TakeWhile(entry => entry.Last <= end))
                {
                    yield return entry;
                }

                after = page[^1].Last;
            }

            if (closed || !follow)
            {
                yield break;
            }

            await ring.WaitAsync(cancellationToken);
        }
    }
}
