using Speed.Deployments;

namespace Speed.Proxy;

/// <summary>
/// The body of a request, as long as something comes of it: a client that sends one byte and no more would else keep a
/// connection of the proxy and one of the service for an hour.
/// </summary>
internal sealed class PatientBody(Stream body, TimeProvider time) : ReadOnlyStream
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private CancellationTokenSource _limit = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>True once a read has waited for too long; it ended with an <see cref="IOException"/>.</summary>
    public bool IsTooSlow { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _limit.CancelAfter(Patience);
        try
        {
            using var ended = cancellationToken.UnsafeRegister(limit => ((CancellationTokenSource)limit!).Cancel(), _limit);
            return await body.ReadAsync(buffer, _limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            IsTooSlow = true;
            throw new IOException("Nothing came of the request's body for too long.");
        }
        finally
        {
            Rest();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _limit.Dispose();
        base.Dispose(disposing);
    }

    private void Rest()
    {
        if (!_limit.TryReset())
        {
            _limit.Dispose();
            _limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        }
    }
}
