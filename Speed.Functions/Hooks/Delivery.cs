namespace Speed.Hooks;

/// <summary>A delivery that was believed, about to be decided.</summary>
/// <param name="ForgeId">The forge's own id of it, by which a repeated one is known; null if it sent none.</param>
/// <param name="Event">As the forge calls it.</param>
/// <param name="Body">JSON; empty for one that is refused, of which nothing is kept.</param>
public sealed record NewHookDelivery(string Hook, string? ForgeId, string Event, byte[] Body)
{
    /// <summary>Which of the changes that the body tells of it is about, from 0: one delivery each.</summary>
    public int Part { get; init; }

    /// <summary>The delivery that is decided anew with this one; null for one that came.</summary>
    public long? RedeliveryOf { get; init; }
}

public enum DecisionWord
{
    Started,
    Canceled,
    Ignored,
}

/// <summary>A delivery and what was decided.</summary>
/// <param name="DeploymentId">What it started; null if it started nothing.</param>
public sealed record Delivery(
    long Id,
    string? ForgeId,
    string Event,
    DateTimeOffset At,
    DecisionWord Decision,
    string Reason,
    long? DeploymentId,
    long? RedeliveryOf);
