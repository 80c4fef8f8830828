namespace Speed.Deployments;

/// <summary>A deployment that holds a slot or waits for one.</summary>
/// <param name="Phase">Null while it waits.</param>
/// <param name="StartedAt">Null while it waits.</param>
/// <param name="Usual">
/// How long the last ten of its repository and branch took, on average, from start to end. Null if none has run yet.
/// </param>
public sealed record QueuedDeployment(
    long Id,
    string Url,
    string? Branch,
    DeploymentStatus Status,
    DeploymentPhase? Phase,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    TimeSpan? Usual)
{
    /// <summary>Of the service: <see cref="DeploymentOptions.Name"/>.</summary>
    public string Name { get; init; } = "";

    /// <summary>Who asked for it, as the audit calls them; empty where nobody knows.</summary>
    public string DeployedBy { get; init; } = "";

    /// <summary>The repository that the url means.</summary>
    public RepositoryIdentity Identity => RepositoryIdentity.Of(Url);
}
