using Speed.Deployments;
namespace Speed.Hooks;

/// <summary>The headers of a delivery as it came: nothing of it is to be believed before its signature was judged.</summary>
/// <param name="Header">The value of a header; null where it is missing or came more than once.</param>
public sealed record ForgeRequest(Func<string, string?> Header)
{
    private const int MaxIdLength = 200;
    private const int MaxEventLength = 100;

    /// <summary>The forge's own id of the delivery; null if it sent none that can be kept.</summary>
    public string? IdFor(Forge forge)
    {
        var id = forge switch
        {
            Forge.Github => Header("X-GitHub-Delivery"),
            Forge.Gitlab => Header("webhook-id") ?? Header("Idempotency-Key") ?? Header("X-Gitlab-Event-UUID"),
            Forge.Gitea => Header("X-Forgejo-Delivery") ?? Header("X-Gitea-Delivery") ?? Header("X-GitHub-Delivery"),
            _ => Header("X-Request-UUID"),
        };
        return id is { Length: > 0 and <= MaxIdLength } ? id : null;
    }

    /// <summary>What the forge calls what happened; empty if it does not say.</summary>
    public string EventFor(Forge forge)
    {
        var name = forge switch
        {
            Forge.Github => Header("X-GitHub-Event"),
            Forge.Gitlab => Header("X-Gitlab-Event"),
            Forge.Gitea => Header("X-Forgejo-Event") ?? Header("X-Gitea-Event") ?? Header("X-GitHub-Event"),
            _ => Header("X-Event-Key"),
        };
        return ForgeText.Shown(name ?? "", MaxEventLength);
    }
}
