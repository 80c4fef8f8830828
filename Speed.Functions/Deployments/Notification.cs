using System.Text.Json;

namespace Speed.Deployments;

/// <summary>Who wants to be told, as it is shown: all but where exactly, and the signing key.</summary>
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

    /// <summary>
    /// True if these globs let every repository through: what belongs to none is told to nobody who hears of some only.
    /// </summary>
    public static bool AreAll(IReadOnlyList<string> repos) =>
        repos.Count == 0 || repos.Any(glob => glob.All(character => character == '*'));

    /// <summary>True if this happening is one of those that it wants to hear of.</summary>
    public bool Wants(Happening happening) =>
        DisabledAt is null
        && (Events.Contains(happening.Event)
            || (happening.Event == NotificationEvent.VolumesMissing
                && Format != NotificationFormat.CommitStatus
                && Events.Contains(NotificationEvent.Failed)))
        && (AreAll(Repos) || happening.Identity?.MatchesAny(Repos) == true);
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

/// <summary>What can be told.</summary>
public enum NotificationEvent
{
    Started,

    /// <summary>Its commit is known. For commit statuses alone.</summary>
    Resolved,
    Up,
    Succeeded,
    Failed,
    Canceled,

    /// <summary>The health check of a service that was up fails.</summary>
    ServiceUnhealthy,

    /// <summary>That is over: it is well, or up again.</summary>
    ServiceHealthy,

    /// <summary>A service that was up is about to be started again.</summary>
    ServiceRestarting,

    /// <summary>A service that was up has ended, and nobody asked for it.</summary>
    ServiceDown,

    /// <summary>
    /// A container of an earlier SPEED runs without its volumes, and what its program writes is in it alone. Told to whom
    /// hears of failures, too: who was there before this could be told has not asked for it.
    /// </summary>
    VolumesMissing,

    /// <summary>There is less room on a disk than SPEED needs. Of no deployment.</summary>
    DiskLow,

    /// <summary>A backup was asked for and not made. Of no deployment.</summary>
    BackupFailed,
}

public static class NotificationEvents
{
    /// <summary>Those that people can ask for.</summary>
    public static IReadOnlyList<NotificationEvent> Public { get; } =
        [.. Enum.GetValues<NotificationEvent>().Where(one => one != NotificationEvent.Resolved)];

    extension(NotificationEvent one)
    {
        /// <summary>True of what happens to SPEED's host: it belongs to no deployment, and so to no repository.</summary>
        public bool IsOfHost => one is NotificationEvent.DiskLow or NotificationEvent.BackupFailed;

        /// <summary>As the store spells it, for example <c>started</c> or <c>disk_low</c>.</summary>
        public string Word => JsonNamingPolicy.SnakeCaseLower.ConvertName(one.ToString());

        /// <summary>As the HTTP contract spells it, for example <c>deployment.started</c> or <c>disk.low</c>.</summary>
        public string Wire =>
            one.Word.Contains('_') ? one.Word.Replace('_', '.') : $"deployment.{one.Word}";
    }

    /// <summary>The event that the store spells like this.</summary>
    public static NotificationEvent Parse(string word) =>
        Enum.Parse<NotificationEvent>(word.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
}

/// <summary>What the outbox has: something that happened, and how things stood then.</summary>
/// <param name="Seq">In the order of the commits.</param>
/// <param name="DeploymentId">Null of what happened to SPEED's host.</param>
/// <param name="Url">Of the repository; null where there is no deployment.</param>
/// <param name="Data">
/// A JSON object as receivers get it: see <see cref="DeploymentSummary"/> and <see cref="HostSummary"/>.
/// </param>
public sealed record Happening(
    long Seq, long? DeploymentId, NotificationEvent Event, string? Url, string Data, DateTimeOffset At)
{
    /// <summary>The repository that the url means; null where there is no deployment.</summary>
    public RepositoryIdentity? Identity => Url is null ? null : RepositoryIdentity.Of(Url);
}
