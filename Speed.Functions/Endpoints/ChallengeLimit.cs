using System.Net;
using System.Threading.RateLimiting;

namespace Speed.Endpoints;

/// <summary>
/// How many proofs one address may ask for in a minute: 300. Each address by itself, so that none takes them from others.
/// </summary>
public sealed class ChallengeLimit : IDisposable
{
    private const int MostAMinute = 300;
    private const int SegmentsAMinute = 6;

    private readonly PartitionedRateLimiter<IPAddress> _asked = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        address => RateLimitPartition.GetSlidingWindowLimiter(address, _ => new SlidingWindowRateLimiterOptions
        {
            PermitLimit = MostAMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = SegmentsAMinute,
            AutoReplenishment = true,
        }));

    public void Dispose() => _asked.Dispose();

    /// <summary>Null for one that is answered, which then counts.</summary>
    /// <param name="address">As the connection has it; null, as of a socket, is one of its own.</param>
    internal Refusal? Judge(IPAddress? address)
    {
        using var lease = _asked.AttemptAcquire(address ?? IPAddress.None);
        return lease.IsAcquired
            ? null
            : new Refusal(
                429,
                "TOO_MANY_CHALLENGES",
                $"{MostAMinute} proofs were asked for from one address in the last minute, as many as may be: try again "
                + "later.")
            {
                RetryAfterSeconds = 60 / SegmentsAMinute,
            };
    }
}
