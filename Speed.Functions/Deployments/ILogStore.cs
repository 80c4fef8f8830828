namespace Speed.Deployments;

/// <summary>
/// The log lines of all deployments. Within one deployment there is one writer at a time. Keeps at most the
/// configured bytes of each: the first half and the last, with one gap between.
/// </summary>
public interface ILogStore
{
    /// <summary>Opens a deployment's log for writing, again after a restart too. Gives the last line number; 0 for a new one.</summary>
    Task<long> OpenAsync(long deploymentId, CancellationToken cancellationToken);

    /// <summary>Stores the lines that follow; readers see them when the task completes, and the <see cref="Bell"/> has rung.</summary>
    Task AppendAsync(long deploymentId, LogChunk chunk, CancellationToken cancellationToken);

    /// <summary>Stores a gap that follows the last line.</summary>
    Task AppendGapAsync(long deploymentId, LogGap gap, CancellationToken cancellationToken);

    /// <summary>Makes the log durable (fsync) and final. A log that was never opened closes empty.</summary>
    Task<LogSummary> CloseAsync(long deploymentId, CancellationToken cancellationToken);

    /// <summary><see cref="LogSummary.Empty"/> if there is none.</summary>
    Task<LogSummary> SummarizeAsync(long deploymentId, CancellationToken cancellationToken);

    /// <summary>By id, of those among the given deployments that have a log.</summary>
    Task<IReadOnlyDictionary<long, LogSummary>> SummarizeAsync(
        IReadOnlyCollection<long> deploymentIds, CancellationToken cancellationToken);

    /// <summary>
    /// The entries that follow line <paramref name="after"/>, some tens of KiB in memory at a time, since a slow
    /// reader holds on to them; empty at the end of what is stored.
    /// </summary>
    Task<IReadOnlyList<LogEntry>> ReadAsync(long deploymentId, long after, CancellationToken cancellationToken);

    /// <summary>Logs with lines in them that were closed before a time; those closed first come first.</summary>
    Task<IReadOnlyList<ClosedLog>> ListClosedAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>
    /// Puts one gap in the place of all lines of a closed log. False if it is not closed, or has no lines.
    /// </summary>
    Task<bool> RemoveLinesAsync(long deploymentId, string reason, CancellationToken cancellationToken);

    /// <summary>Removes all that is known of a log.</summary>
    Task ForgetAsync(long deploymentId, CancellationToken cancellationToken);

    /// <summary>Gives the room of removed lines back to the disk, as far as the store can.</summary>
    Task ShrinkAsync(CancellationToken cancellationToken);

    /// <summary>As <see cref="IDeploymentStore.CopyToAsync"/>.</summary>
    Task<string> CopyToAsync(string folder, CancellationToken cancellationToken);
}

/// <param name="Bytes">Of the stored text.</param>
public sealed record ClosedLog(long DeploymentId, long Bytes, DateTimeOffset ClosedAt);
