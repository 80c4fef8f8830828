namespace Speed.Deployments;

/// <summary>
/// What is to be told to others, and how far that has come. What happens to deployments enters it by triggers, in the
/// transaction that makes it happen; what happens to SPEED's host is recorded here. Nothing enters it where nobody may
/// want to hear of it. Every write is durable when its task completes. After each that
/// makes something due, or records an attempt, the <see cref="Bell"/> rings for <see cref="Bell.Deliveries"/>.
/// </summary>
public interface IOutbox
{
    /// <summary>Once at the start: what waits, waits no longer than it could at most.</summary>
    Task ResumeDeliveriesAsync(TimeSpan most, CancellationToken cancellationToken);

    /// <summary>
    /// Records something that happened to SPEED's host, such as <see cref="NotificationEvent.BackupFailed"/>: each call is
    /// told to those who hear of every repository.
    /// </summary>
    /// <param name="message">A sentence or two, without secrets.</param>
    Task RecordAsync(NotificationEvent happened, string message, CancellationToken cancellationToken);

    /// <summary>
    /// Records that something is wrong with SPEED's host, such as <see cref="NotificationEvent.DiskLow"/>. It is told once:
    /// until it was cleared, by this process or another, a further call changes nothing.
    /// </summary>
    /// <param name="message">A sentence or two, without secrets.</param>
    Task RaiseAlertAsync(NotificationEvent alert, string message, CancellationToken cancellationToken);

    /// <summary>Records that it is over. Idempotent.</summary>
    Task ClearAlertAsync(NotificationEvent alert, CancellationToken cancellationToken);

    /// <summary>The oldest happenings that are not spread yet, some tens; empty if there are none.</summary>
    Task<IReadOnlyList<Happening>> ReadOutboxAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes deliveries of happenings, due at once, and takes the happenings out of the outbox. A delivery for a
    /// notification that is gone is left out. A commit status that waits for another attempt is over once a newer
    /// one of its deployment comes.
    /// </summary>
    Task SpreadAsync(
        IReadOnlyList<Happening> happenings, IReadOnlyList<NewDelivery> deliveries, CancellationToken cancellationToken);

    /// <summary>The oldest that is due of each lane but those that are busy.</summary>
    Task<IReadOnlyList<NotificationDelivery>> ListDueAsync(
        IReadOnlyCollection<string> busy, int most, CancellationToken cancellationToken);

    /// <summary>Until the next one is due in a lane that is not busy; null if none will be.</summary>
    Task<TimeSpan?> NextDeliveryAsync(IReadOnlyCollection<string> busy, CancellationToken cancellationToken);

    /// <summary>
    /// Records an attempt. With a pause it is tried again after that; without one it is over: delivered, or failed.
    /// <see cref="AttemptResult.Gone"/> disables the notification, and fails all that was still to be told to it.
    /// </summary>
    Task RecordAttemptAsync(
        NotificationDelivery delivery, AttemptOutcome outcome, TimeSpan? pause, CancellationToken cancellationToken);

    /// <summary>The newest first, 200 at most.</summary>
    Task<IReadOnlyList<NotificationDelivery>> ListDeliveriesAsync(
        string notification, CancellationToken cancellationToken);

    /// <summary>Makes it due at once, whatever became of it. Null if there is none.</summary>
    Task<NotificationDelivery?> RedeliverAsync(string notification, long id, CancellationToken cancellationToken);
}
