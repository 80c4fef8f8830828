using System.Threading.RateLimiting;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>How many deployments each caller may start in a minute, over any minute.</summary>
public sealed class StartLimit(AccessSettings settings) : IDisposable
{
    private const int SegmentsAMinute = 12;

    private readonly PartitionedRateLimiter<string> _starts = PartitionedRateLimiter.Create<string, string>(
        caller => RateLimitPartition.GetSlidingWindowLimiter(caller, _ => new SlidingWindowRateLimiterOptions
        {
            PermitLimit = settings.StartsPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = SegmentsAMinute,
            AutoReplenishment = true,
        }));

    public void Dispose() => _starts.Dispose();

    /// <summary>Null for a start that may be made, which then counts. None is refused where keys are not required.</summary>
    internal Refusal? Judge(Caller caller)
    {
        if (!settings.AreKeysRequired || settings.StartsPerMinute == 0)
        {
            return null;
        }

        using var lease = _starts.AttemptAcquire(caller.Id);
        return lease.IsAcquired
            ? null
            : new Refusal(
                429,
                "TOO_MANY_STARTS",
                $"{settings.StartsPerMinute} starts were asked for in the last minute, as many as one caller may "
                + "(Speed__StartsPerMinute): try again later.")
            {
                RetryAfterSeconds = 60 / SegmentsAMinute,
            };
    }
}
