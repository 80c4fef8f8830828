using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// How many requests a program may make with the token of its container: so many a minute, and some at once. All of them
/// count, also what is refused for something else, and what is beyond is not recorded: each would leave a row in the audit.
/// </summary>
public sealed class ReportLimit(IOptions<DeploymentSettings> settings) : IDisposable
{
    private const string Key = "speed.report.limit";

    private readonly PartitionedRateLimiter<long> _reports = PartitionedRateLimiter.Create<long, long>(
        deployment => RateLimitPartition.GetTokenBucketLimiter(deployment, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = settings.Value.ReportBurst,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / settings.Value.ReportsPerMinute,
            AutoReplenishment = true,
        }));

    public void Dispose() => _reports.Dispose();

    /// <summary>Null for a request that may be made, which then counts, and for everybody but a program in a container.</summary>
    internal Refusal? Judge(Caller caller)
    {
        var perMinute = settings.Value.ReportsPerMinute;
        if (caller.LeaderOf is not { } deployment || perMinute == 0)
        {
            return null;
        }

        using var lease = _reports.AttemptAcquire(deployment);
        return lease.IsAcquired
            ? null
            : new Refusal(
                429,
                "TOO_MANY_REPORTS",
                $"A program may make {perMinute} requests a minute with the token of its container, "
                + $"{settings.Value.ReportBurst} of them at once (Speed__Results__PerMinute, Speed__Results__Burst): try again later.")
            {
                RetryAfterSeconds = Math.Max(1, 60 / perMinute),
            };
    }

    /// <summary>Leaves it to the function to refuse a request that is beyond the rate.</summary>
    internal static void Leave(HttpContext context, Refusal beyond) => context.Items[Key] = beyond;

    /// <summary>What to refuse a request with that was left to the function; null for all others.</summary>
    internal static Refusal? Beyond(HttpContext context) => context.Items[Key] as Refusal;

    /// <summary>Lets one pass that was beyond the rate: it is recorded as any other.</summary>
    internal static void LetPass(HttpContext context) => context.Items.Remove(Key);
}
