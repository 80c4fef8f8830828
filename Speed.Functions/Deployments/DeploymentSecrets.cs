namespace Speed.Deployments;

/// <summary>What one deployment may use and nobody may read: chosen once, the same for its whole life.</summary>
public sealed record DeploymentSecrets
{
    public static DeploymentSecrets None { get; } = new();

    /// <summary>Environment variables of the container, by name.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new SortedDictionary<string, string>();

    /// <summary>
    /// All whose deployers match, for submodules may need others; those that match the repository come first, the closest before.
    /// </summary>
    public IReadOnlyList<Credential> Git { get; init; } = [];

    /// <summary>Those for registries; which of them matches is seen when an image is named.</summary>
    public IReadOnlyList<Credential> Registries { get; init; } = [];

    /// <summary>Values that earlier attempts had: of no more use, and still not to be seen.</summary>
    public IReadOnlyList<string> Earlier { get; init; } = [];

    /// <summary>All that nobody may see.</summary>
    public IEnumerable<string> Values =>
        [.. Variables.Values, .. Git.Select(one => one.Value), .. Registries.Select(one => one.Value), .. Earlier];
}

/// <summary>What lets SPEED in at a Git server or a registry.</summary>
/// <param name="Name">Of the secret; for messages.</param>
/// <param name="Globs">
/// What it is for, without a scheme: <c>github.com/owner/*</c>, or <c>registry.example.com</c>. <c>*</c> stands for
/// any characters.
/// </param>
/// <param name="Username">Null: whatever the server takes for a token.</param>
/// <param name="Value">A password, a token, or a private key in PEM.</param>
public sealed record Credential(string Name, IReadOnlyList<string> Globs, string? Username, string Value)
{
    /// <summary>True for what opens ssh and nothing else.</summary>
    public bool IsPrivateKey =>
        Value.TrimStart().StartsWith("-----BEGIN ", StringComparison.Ordinal)
        && Value.Contains("PRIVATE KEY-----", StringComparison.Ordinal);

    /// <summary>True if one of the globs matches the whole of it; of letters the case does not count.</summary>
    public bool Matches(string target) => Glob.MatchesAny(Globs, target);
}

/// <summary>Where the secrets of deployments come from.</summary>
public interface ISecrets
{
    /// <summary>
    /// Those of this deployment. What it was given first stays, whatever has become of the secrets since, until its log
    /// is closed. Throws <see cref="DeploymentFailedException"/> where one that it lists does not exist any more.
    /// </summary>
    Task<DeploymentSecrets> TakeAsync(Deployment deployment, CancellationToken cancellationToken);

    /// <summary>
    /// What is wrong with the secrets that a new deployment lists, in the order listed; empty if nothing is.
    /// </summary>
    /// <param name="tellsOfOthers">False: says the same of a secret of other repositories and of one that is not there.</param>
    Task<IReadOnlyList<SecretFault>> FindFaultsAsync(
        DeploymentOptions options, bool tellsOfOthers, CancellationToken cancellationToken);

    /// <summary>What masks them: the same one, for as long as it is used.</summary>
    Task<Masker> MaskerOfAsync(DeploymentSecrets secrets, CancellationToken cancellationToken);

    /// <summary>
    /// A text that came from outside, such as a reported result, without the values that the deployment has taken. Once
    /// its log is closed those are forgotten, but for the tokens that it reports with. Null where they do not open, for they
    /// were sealed with another key: then the text cannot be masked, and must not be stored.
    /// </summary>
    Task<string?> MaskAsync(long deploymentId, string text, CancellationToken cancellationToken);
}

/// <param name="Index">In the list, from 0.</param>
/// <param name="Detail">A sentence that names it, and the way out.</param>
public sealed record SecretFault(int Index, string Detail);
