namespace Speed.Deployments;

/// <summary>Which deployments a list has.</summary>
public sealed record DeploymentFilter
{
    /// <summary>Null: whatever their status.</summary>
    public DeploymentStatus? Status { get; init; }

    /// <summary>Null: whatever their repository.</summary>
    public RepositoryIdentity? Identity { get; init; }

    /// <summary>The branch or tag by name. Null: whatever their branch.</summary>
    public string? Branch { get; init; }

    /// <summary>Sets of patterns as <see cref="Glob"/> has them: of each, one has to match the repository.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Repos { get; init; } = [];

    /// <summary>Only those with lower ids.</summary>
    public long Before { get; init; } = long.MaxValue;

    /// <summary>So many at most; 1 or more.</summary>
    public required int Limit { get; init; }

    public bool SeesRepository(RepositoryIdentity repository) => Repos.Count == 0 || Repos.All(repository.MatchesAny);
}

/// <summary>A part of a list, newest first.</summary>
/// <param name="Next">Where the next part begins: its <see cref="DeploymentFilter.Before"/>. Null at the end.</param>
public sealed record DeploymentPage(IReadOnlyList<Deployment> Items, long? Next);
