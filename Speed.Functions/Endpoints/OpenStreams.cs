namespace Speed.Endpoints;

/// <summary>Counts the answers that stay open for what is still to come, and keeps their number within bounds.</summary>
/// <param name="most">How many may be open at once. Ten thousand unless told.</param>
public sealed class OpenStreams(int most = 10_000)
{
    private int _count;

    /// <summary>How many are open now.</summary>
    public int Count => Volatile.Read(ref _count);

    internal static Refusal TooMany { get; } = new(
        503, "TOO_MANY_STREAMS", "As many streams are open as SPEED serves at once: try again in a moment.")
    {
        RetryAfterSeconds = 10,
    };

    /// <summary>A place, to be disposed of when the answer is over; null where all are taken.</summary>
    internal IDisposable? TryOpen()
    {
        if (Interlocked.Increment(ref _count) <= most)
        {
            return new Place(this);
        }

        Interlocked.Decrement(ref _count);
        return null;
    }

    private sealed class Place(OpenStreams streams) : IDisposable
    {
        private bool _isLeft;

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _isLeft, true))
            {
                Interlocked.Decrement(ref streams._count);
            }
        }
    }
}
