namespace Speed.Deployments;

/// <summary>Something that clean-up would remove, or has removed.</summary>
/// <param name="Id">An image's or cache's id, a container's name, or a deployment's number.</param>
/// <param name="Reason">Why it may go.</param>
/// <param name="Bytes">What it takes; null where unknown.</param>
public sealed record GcItem(GcKind Kind, string Id, string Reason, long? Bytes);

public enum GcKind
{
    Image,
    Log,
    Record,
    Container,
    Cache,
}
