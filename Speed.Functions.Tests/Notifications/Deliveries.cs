using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>What tests say of deliveries of a running SPEED.</summary>
internal static class Deliveries
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>
    /// Returns once all that is to be told is delivered, and that is on record: a SPEED that stops before delivers it again.
    /// </summary>
    public static async Task UntilDeliveredAsync(this SpeedApp app, string notification)
    {
        var bell = app.Services.GetRequiredService<Bell>();
        var outbox = app.Services.GetRequiredService<IOutbox>();
        while (true)
        {
            var ring = bell.Next(Bell.Deliveries);
            var all = await outbox.ListDeliveriesAsync(notification, Now);
            if (all.Count > 0 && all.All(one => one.State == DeliveryState.Delivered))
            {
                return;
            }

            await ring.WaitAsync(TimeSpan.FromSeconds(30), Now);
        }
    }
}
