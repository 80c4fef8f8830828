using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>
/// Tells a log as server-sent events: <c>status</c> first and whenever the deployment changes; <c>lines</c> and
/// <c>gap</c>, whose id is the last line number within; and <c>end</c> when the log is closed and all of it was told, or
/// as many entries as were asked for. Each look at the store begins where the last event ended, so nothing is left out
/// or told twice however slow the reader is.
/// </summary>
public sealed class LogEvents(IDeploymentStore deployments, ILogStore logs, Bell bell)
{
    private const int MostLines = 200;

    // Of an event, and of what is written before it is sent: with a page of the store, all that a slow reader holds.
    private const int MostCharacters = 16 * 1024;

    /// <param name="after">The last line not wanted.</param>
    internal async Task TellAsync(EventStream stream, long id, long after, LogQuery asked)
    {
        var (version, left) = (0L, asked.Limit ?? long.MaxValue);
        while (!stream.Over.IsCancellationRequested)
        {
            // Ring before status, status before lines: a log seen closed here has every line stored.
            var ring = bell.Next(id);
            if (await deployments.FindAsync(id, stream.Over) is not { } deployment)
            {
                return;
            }

            if (deployment.Version != version)
            {
                version = deployment.Version;
                stream.Write("status", new StatusView(deployment.Status.ToString(), deployment.Phase, version));
            }

            while (left > 0 && await logs.ReadAsync(id, after, stream.Over) is { Count: > 0 } page)
            {
                left -= await TellAsync(stream, page, asked, left);
                after = page[^1].Last;
                await stream.SendAsync();
                stream.Over.ThrowIfCancellationRequested();
            }

            if (left == 0 || deployment.LogClosedAt is not null)
            {
                stream.Write("end", await SumUpAsync(deployment, stream.Over));
                return;
            }

            await stream.SendAsync();
            await stream.WaitAsync(ring);
        }
    }

    // Gives how many entries were told.
    private static async Task<long> TellAsync(
        EventStream stream, IReadOnlyList<LogEntry> page, LogQuery asked, long most)
    {
        var told = 0L;
        var (lines, characters) = (new List<LineView>(MostLines), 0);
        foreach (var entry in page.Where(asked.Wants).Take((int)Math.Min(most, int.MaxValue)))
        {
            told++;
            if (entry is LogGap || lines.Count == MostLines || characters >= MostCharacters)
            {
                Flush();
            }

            if (entry is LogGap gap)
            {
                stream.Write("gap", GapBody.Of(gap), gap.To);
            }
            else if (entry is LogLine line)
            {
                lines.Add(LineView.Of(line));
                characters += line.Text.Length;
            }

            if (stream.UnsentBytes >= MostCharacters)
            {
                await stream.SendAsync();
            }
        }

        Flush();
        return told;

        void Flush()
        {
            if (lines.Count > 0)
            {
                stream.Write("lines", lines, lines[^1].N);
                (lines, characters) = (new List<LineView>(MostLines), 0);
            }
        }
    }

    private async Task<EndView> SumUpAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        var log = await logs.SummarizeAsync(deployment.Id, cancellationToken);
        var wasNeverWritten = deployment.LogClosedAt is not null && log.Sha256 is null;
        var sum = wasNeverWritten ? LogSummary.ClosedEmpty : log;
        return new EndView(deployment.Status.ToString(), sum.Lines, sum.Sha256);
    }
}

/// <summary>What the event <c>status</c> says.</summary>
public sealed record StatusView(string Status, DeploymentPhase? Phase, long Version);

/// <summary>What the event <c>end</c> says.</summary>
/// <param name="Sha256">Null where the log was not read to its end.</param>
public sealed record EndView(string Status, long Lines, string? Sha256);
