using System.Collections.Concurrent;

namespace Speed.Deployments;

/// <summary>
/// The requests that are on their way to services through SPEED. A service that is replaced takes no new ones, and is
/// stopped once it has answered those that it has, or after ten seconds.
/// </summary>
public sealed class Traffic(TimeProvider time)
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<long, Flow> _flows = new();

    /// <summary>Counts a request to a service; dispose what it gives once it is answered. Null: it takes none any more.</summary>
    public IDisposable? TryEnter(long id) => FlowOf(id).TryEnter();

    /// <summary>Lets no more in, and waits for those within, for ten seconds at most.</summary>
    public async Task DrainAsync(long id, CancellationToken cancellationToken)
    {
        var empty = FlowOf(id).Close();
        try
        {
            await empty.WaitAsync(DrainLimit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Streams may last for ever: the grace after SIGTERM is theirs, too.
        }
    }

    /// <summary>Forgets a service that is gone.</summary>
    public void Forget(long id) => _flows.TryRemove(id, out _);

    private Flow FlowOf(long id) => _flows.GetOrAdd(id, _ => new Flow());

    private sealed class Flow
    {
        private readonly Lock _lock = new();
        private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _within;
        private bool _isClosed;

        public IDisposable? TryEnter()
        {
            lock (_lock)
            {
                if (_isClosed)
                {
                    return null;
                }

                _within++;
                return new Passage(this);
            }
        }

        public Task Close()
        {
            lock (_lock)
            {
                _isClosed = true;
                CompleteIfEmpty();
                return _empty.Task;
            }
        }

        private void Leave()
        {
            lock (_lock)
            {
                _within--;
                CompleteIfEmpty();
            }
        }

        private void CompleteIfEmpty()
        {
            if (_isClosed && _within == 0)
            {
                _empty.TrySetResult();
            }
        }

        private sealed class Passage(Flow flow) : IDisposable
        {
            private int _left;

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _left, 1) == 0)
                {
                    flow.Leave();
                }
            }
        }
    }
}
