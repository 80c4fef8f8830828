namespace Speed.Deployments;

/// <summary>Who is to hear of what.</summary>
public sealed class DeliverySpread(INotifications notifications, NotifySettings settings)
{
    public async Task<IReadOnlyList<NewDelivery>> AmongAsync(
        IReadOnlyList<Happening> happenings, CancellationToken cancellationToken)
    {
        var all = await notifications.ListAsync(cancellationToken);
        var deliveries = new List<NewDelivery>();
        foreach (var happening in happenings)
        {
            foreach (var notification in all.Where(one => one.Wants(happening)))
            {
                if (await FindLaneAsync(notification, happening, cancellationToken) is { } lane)
                {
                    deliveries.Add(new NewDelivery(happening, notification.Name, lane));
                }
            }
        }

        return deliveries;
    }

    // Null where nobody is there to be told.
    private async Task<string?> FindLaneAsync(
        Notification notification, Happening happening, CancellationToken cancellationToken)
    {
        if (notification.Format != NotificationFormat.CommitStatus)
        {
            return notification.Name;
        }

        if (happening.Url is not { } url || !settings.CommitStatuses
            || RepositoryUrl.FindFault(url, RepositoryUrl.KnownSchemes) is not null)
        {
            return null;
        }

        var repository = RepositoryUrl.Parse(url);
        return settings.ForgeOf(repository) is not null
            && NotificationDelivery.SummaryOf(happening.Data).Commit is not null
            && await notifications.FindLoginAsync(url, cancellationToken) is not null
                ? $"{notification.Name} {repository.Host}"
                : null;
    }
}
