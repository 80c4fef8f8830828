namespace Speed.Cli;

/// <summary>
/// Tries again what needs SPEED, after growing pauses, while SPEED is away: for five minutes since it was last
/// heard of.
/// </summary>
/// <param name="notes">Where that is told; null: not at all.</param>
internal sealed class Reconnection(TimeProvider time, Screen? notes)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private long? _lostAt;
    private TimeSpan _pause = FirstPause;

    public async Task<T> TryAsync<T>(Func<Task<T>> act, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var done = await act();
                Heard();
                return done;
            }
            catch (SpeedException lost) when (lost.MayPass && !IsTooLong)
            {
                await PauseAsync(cancellationToken);
            }
        }
    }

    /// <summary>SPEED is there: the next pause is a short one again.</summary>
    public void Heard() => (_lostAt, _pause) = (null, FirstPause);

    /// <summary>Waits before the next try.</summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        if (_lostAt is null)
        {
            notes?.Line($"SPEED is away: trying again for {Limit.TotalMinutes:0} minutes.");
        }

        _lostAt ??= time.GetTimestamp();
        await Task.Delay(_pause, time, cancellationToken);
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    private bool IsTooLong => _lostAt is { } since && time.GetElapsedTime(since) > Limit;
}
