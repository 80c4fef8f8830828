using System.Text.Json.Serialization;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>A notification as it is shown.</summary>
/// <param name="Url">Its origin, with <c>/…</c> for the rest; null of the commit statuses, which go to the forges.</param>
/// <param name="Repos">Empty for all; of the commit statuses: where a <c>git</c> secret is for the repository.</param>
/// <param name="DisabledAt">When its receiver answered 410; null while it is told.</param>
/// <param name="Secret">What messages are signed with, told this once.</param>
public sealed record NotificationView(
    string Name,
    string? Url,
    IReadOnlyList<string> Events,
    IReadOnlyList<string> Repos,
    NotificationFormat Format,
    DateTimeOffset CreatedAt,
    DateTimeOffset? DisabledAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Secret)
{
    internal static Refusal NotThere { get; } = new(404, "NOT_FOUND", "Notification not found");

    internal static NotificationView Of(Notification notification, string? secret) => new(
        notification.Name,
        notification.Origin.Length == 0 ? null : notification.Origin + "/…",
        [.. notification.Events.Select(one => one.Wire)],
        notification.Repos,
        notification.Format,
        notification.CreatedAt,
        notification.DisabledAt,
        secret);
}
