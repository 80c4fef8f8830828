using Speed.Deployments;

namespace Speed.Data;

/// <summary>The failures that the store itself records: the end came from outside, and no worker writes one.</summary>
internal static class ImplicitFailure
{
    /// <summary>Null for success.</summary>
    public static Failure? Declared(DeploymentStatus word, DeploymentPhase? phase) =>
        word == DeploymentStatus.Failed
            ? new Failure(
                FailureCode.DeclaredByLeader, phase, null, "The deployment's leader declared it failed.",
                "Its results tell what the leader reported.", null)
            : null;

    public static Failure Canceled(string by, string? reason) => new(
        FailureCode.Canceled, null, null,
        reason is null ? $"Canceled by {by}." : $"Canceled by {by}: {reason}",
        "Start it again to have it deployed after all.", null);
}
