namespace Speed.Deployments;

/// <summary>What a running deployment is doing, in this order. In JSON and SQL: lower case.</summary>
public enum DeploymentPhase
{
    Clone,
    Build,
    Run,
}

/// <summary>One phase of one attempt.</summary>
/// <param name="EndedAt">Null while it goes on.</param>
/// <param name="Status"><c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>canceled</c>.</param>
public sealed record PhaseRecord(
    DeploymentPhase Name, int Attempt, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string Status);
