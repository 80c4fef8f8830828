namespace Speed.Deployments;

/// <summary>Who wants to hear of deployments, as it is shown: all but where exactly, and the signing key.</summary>
/// <param name="Origin">Scheme, host and port of its address; empty for <see cref="NotificationFormat.CommitStatus"/>.</param>
/// <param name="Repos">Globs; empty for every repository.</param>
/// <param name="DisabledAt">When its receiver said that it is gone for good; null while it is told.</param>
public record Notification(
    string Name,
    NotificationFormat Format,
    string Origin,
    IReadOnlyList<NotificationEvent> Events,
    IReadOnlyList<string> Repos,
    DateTimeOffset CreatedAt,
    DateTimeOffset? DisabledAt)
{
    /// <summary>The built-in one, which bears the deliveries of commit statuses.</summary>
    public const string CommitStatus = "commit-status";

    /// <summary>True if this happening is one of those that it wants to hear of.</summary>
    public bool Wants(Happening happening) =>
        DisabledAt is null
        && Events.Contains(happening.Event)
        && (Repos.Count == 0 || happening.Identity.MatchesAny(Repos));
}

/// <summary>In which words it is told.</summary>
public enum NotificationFormat
{
    /// <summary>Standard Webhooks: JSON, signed.</summary>
    Standard,
    Slack,
    Discord,

    /// <summary>The status of a commit at its forge: built in, once.</summary>
    CommitStatus,
}

/// <summary>What can be told of a deployment.</summary>
public enum NotificationEvent
{
    Started,

    /// <summary>Its commit is known. For commit statuses alone.</summary>
    Resolved,
    Up,
    Succeeded,
    Failed,
    Canceled,
}

public static class NotificationEvents
{
    /// <summary>Those that people can ask for.</summary>
    public static IReadOnlyList<NotificationEvent> Public { get; } =
        [.. Enum.GetValues<NotificationEvent>().Where(one => one != NotificationEvent.Resolved)];

    extension(NotificationEvent one)
    {
        /// <summary>As the HTTP contract spells it, for example <c>deployment.started</c>.</summary>
        public string Wire => $"deployment.{one.ToString().ToLowerInvariant()}";
    }
}

/// <summary>What the outbox has: something that happened, and how the deployment stood then.</summary>
/// <param name="Seq">In the order of the commits.</param>
/// <param name="Url">Of the repository.</param>
/// <param name="Data">A summary of the deployment: a JSON object as receivers get it.</param>
public sealed record Happening(
    long Seq, long DeploymentId, NotificationEvent Event, string Url, string Data, DateTimeOffset At)
{
    /// <summary>The repository that the url means.</summary>
    public RepositoryIdentity Identity => RepositoryIdentity.Of(Url);
}
