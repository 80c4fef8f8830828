using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// Counts the answers that stay open for what is still to come, and keeps their number within bounds: of all, and of each
/// caller, so that none takes them from the others.
/// </summary>
/// <param name="most">How many may be open at once. Ten thousand unless told.</param>
/// <param name="mostOfCaller">How many of one caller's. A thousand unless told.</param>
public sealed class OpenStreams(int most = 10_000, int mostOfCaller = 1_000)
{
    private readonly Lock _counting = new();
    private readonly Dictionary<string, int> _callers = [];
    private int _count;

    /// <summary>How many are open now.</summary>
    public int Count
    {
        get
        {
            lock (_counting)
            {
                return _count;
            }
        }
    }

    private static Refusal TooMany { get; } = new(
        503, "TOO_MANY_STREAMS", "As many streams are open as SPEED serves at once: try again in a moment.")
    {
        RetryAfterSeconds = 10,
    };

    private Refusal TooManyOfCaller { get; } = new(
        429,
        "TOO_MANY_STREAMS",
        $"This token has {mostOfCaller} streams open, as many as one may (Speed__StreamsPerToken): close one, or try again later.")
    {
        RetryAfterSeconds = 10,
    };

    /// <summary>A place, to be disposed of when the answer is over; or why there is none.</summary>
    internal (IDisposable? Place, Refusal? Refusal) Open(Caller caller)
    {
        lock (_counting)
        {
            var own = _callers.GetValueOrDefault(caller.Id);
            if (_count >= most)
            {
                return (null, TooMany);
            }

            if (own >= mostOfCaller)
            {
                return (null, TooManyOfCaller);
            }

            (_count, _callers[caller.Id]) = (_count + 1, own + 1);
            return (new Place(this, caller.Id), null);
        }
    }

    private void Close(string caller)
    {
        lock (_counting)
        {
            _count--;
            if (--_callers[caller] == 0)
            {
                _callers.Remove(caller);
            }
        }
    }

    private sealed class Place(OpenStreams streams, string caller) : IDisposable
    {
        private bool _isLeft;

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _isLeft, true))
            {
                streams.Close(caller);
            }
        }
    }
}
