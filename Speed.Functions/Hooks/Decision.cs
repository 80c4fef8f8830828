namespace Speed.Hooks;

/// <summary>What follows from a delivery.</summary>
/// <param name="Reason">Why, in a sentence without a capital and a full stop.</param>
public abstract record Decision(string Reason)
{
    /// <summary>A deployment of the commit that was pushed.</summary>
    public sealed record Start(string Branch, string Commit, string Reason) : Decision(Reason);

    /// <summary>What the hook started of the branch is stopped.</summary>
    public sealed record End(string Branch, string Reason) : Decision(Reason);

    public sealed record Ignore(string Reason) : Decision(Reason);
}
