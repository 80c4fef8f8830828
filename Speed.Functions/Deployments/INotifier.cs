namespace Speed.Deployments;

/// <summary>What leads to others: how a delivery becomes a request, and what its answer means.</summary>
public interface INotifier
{
    /// <summary>One attempt. Throws nothing but for <paramref name="cancellationToken"/>; ends after ten seconds.</summary>
    Task<AttemptOutcome> SendAsync(NotificationDelivery delivery, NotificationTarget target, CancellationToken cancellationToken);
}

/// <summary>Where a delivery goes, and what lets it in or signs it. Not to be logged.</summary>
public abstract record NotificationTarget
{
    /// <param name="Secret"><c>whsec_</c> and base64.</param>
    public sealed record Receiver(NotificationFormat Format, string Url, string Secret) : NotificationTarget;

    /// <summary>The forge of the deployment's repository.</summary>
    public sealed record Commit(Credential Login) : NotificationTarget;
}

/// <summary>Those who want to hear of deployments, and what is sealed of them.</summary>
public interface INotifications
{
    Task<IReadOnlyList<Notification>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Null if it is gone, or its address does not open with the key in secrets.key.</summary>
    Task<NotificationTarget.Receiver?> FindReceiverAsync(string name, CancellationToken cancellationToken);

    /// <summary>The closest login for the repository at this address that is no ssh key; null if there is none.</summary>
    Task<Credential?> FindLoginAsync(string url, CancellationToken cancellationToken);
}
