namespace Speed.Deployments;

/// <summary>
/// Has it told when there is too little room on a disk: once, until there was well enough again. What was told is on
/// record, so that a SPEED that is started anew does not repeat it.
/// </summary>
public sealed class DiskAlert(DiskGuard disk, IOutbox outbox)
{
    // Null until the record was brought in line with what is seen.
    private bool? _stands;

    /// <summary>
    /// Records what the guard saw last, where that is news. Throws <see cref="StoreUnavailableException"/>: the next call
    /// tries again.
    /// </summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        if (disk.Fault is { } fault)
        {
            await RaiseAsync(fault, cancellationToken);
        }
        else if (disk.IsRoomy && _stands != false)
        {
            await outbox.ClearAlertAsync(NotificationEvent.DiskLow, cancellationToken);
            _stands = false;
        }
    }

    private async Task RaiseAsync(string fault, CancellationToken cancellationToken)
    {
        if (_stands == true)
        {
            return;
        }

        await outbox.RaiseAlertAsync(NotificationEvent.DiskLow, fault, cancellationToken);
        _stands = true;
    }
}
