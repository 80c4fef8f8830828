using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>
/// Judges what a SPEED has left in its files by what it had acknowledged, and by what it left the time before.
/// </summary>
internal sealed class Oracle(string dataDirectory, Ledger ledger)
{
    private Snapshot? _before;

    /// <summary>Reads the files, and fails where a promise is broken.</summary>
    public Snapshot Check()
    {
        var now = Snapshot.Read(dataDirectory);
        Assert.Equal(["ok", "ok"], now.Integrity);
        Assert.Empty(ledger.Surprises);
        foreach (var row in now.Rows.Values)
        {
            HistoryIsLegal(row, now);
            EndStays(row);
            if (_before?.Rows.GetValueOrDefault(row.Id) is not { IsClosed: true })
            {
                IsWhole(row, LastLine(row, now.LogOf(row.Id)), now);
            }
        }

        foreach (var entry in ledger.Entries)
        {
            Assert.True(now.Rows.ContainsKey(entry.Id), $"Deployment {entry.Id} was acknowledged and is gone.");
            ResultsAreThere(entry, now);
        }

        _before = now;
        return now;
    }

    /// <summary>As <see cref="Check"/>, once all has come to its end.</summary>
    public Snapshot CheckEnd()
    {
        var now = Check();
        Assert.All(now.Rows.Values, row => Assert.True(row.IsClosed, $"It has not ended: {row.Print}"));
        foreach (var entry in ledger.Entries)
        {
            if (entry.Declared is { } word)
            {
                Assert.Equal((entry.Id, word), (entry.Id, now.Rows[entry.Id].Status));
            }
        }

        return now;
    }

    private static void HistoryIsLegal(DeploymentRow row, Snapshot now)
    {
        var history = now.History[row.Id].ToList();
        Assert.Equal(DeploymentStatus.Pending, history[0].Status);
        Assert.Equal(row.Status, history[^1].Status);
        foreach (var (one, next) in history.Zip(history.Skip(1)))
        {
            Assert.True(
                one.Status.CanBecome(next.Status) && one.Version < next.Version,
                $"Deployment {row.Id} went from {one} to {next}.");
        }
    }

    private void EndStays(DeploymentRow row)
    {
        if (_before?.Rows.GetValueOrDefault(row.Id) is not { Status.IsFinal: true } before)
        {
            return;
        }

        Assert.Equal(before.EndPrint, row.EndPrint);
        if (before.IsClosed)
        {
            Assert.Equal(before.Print, row.Print);
        }
    }

    // What was acknowledged is there once and in order; what was not may be, in its place.
    private static void ResultsAreThere(LedgerEntry entry, Snapshot now)
    {
        var stored = new Queue<string>(
            now.Results[entry.Id].Where(result => result.Source == "report").Select(result => result.Value));
        foreach (var report in entry.Reports)
        {
            if (stored.TryPeek(out var next) && next == report.Value)
            {
                stored.Dequeue();
            }
            else
            {
                Assert.False(
                    report.IsAcknowledged, $"Deployment {entry.Id} has {next ?? "nothing"} where {report} should be.");
            }
        }

        Assert.Empty(stored);
    }

    // What is there follows in order, but for what a gap stands for. Gives the last line; null where there is a gap.
    private static int? LastLine(DeploymentRow row, IReadOnlyList<LogEntry> log)
    {
        var (n, line, mayJump) = (0L, 0, false);
        foreach (var entry in log)
        {
            Assert.Equal(n + 1, entry is LogGap gap ? gap.From : entry.Last);
            n = entry.Last;
            mayJump |= entry is LogGap;
            if (entry is LogLine { Phase: DeploymentPhase.Run, Stream: LogStream.Stdout } printed)
            {
                var number = int.Parse(printed.Text["line ".Length..]);
                Assert.True(
                    number == line + 1 || (mayJump && number > line),
                    $"The log of deployment {row.Id} has line {number} after line {line}, and no gap.");
                (line, mayJump) = (number, false);
            }
        }

        return log.OfType<LogGap>().Any() ? null : line;
    }

    // It came to its own good end, and no gap excuses it: log and result have all that it printed.
    private void IsWhole(DeploymentRow row, int? lastLine, Snapshot now)
    {
        if (row is not { IsClosed: true, Status: DeploymentStatus.Succeeded, ExitCode: 0 } || lastLine is null
            || ledger.Find(row.Id)?.Job is not { } job)
        {
            return;
        }

        Assert.True(lastLine == job.Lines, $"The log ends at line {lastLine} of {job.Lines}: {row.Print}");
        Assert.Equal(
            string.Join('\n', Enumerable.Range(1, job.Lines).Select(line => $"line {line}")),
            Assert.Single(now.Results[row.Id], result => result.Source == "stdout").Value);
    }
}
