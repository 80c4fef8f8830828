namespace Speed.Security;

/// <summary>
/// Keeps secrets, sealed, and what each deployment was given of them. Every write is durable when its task completes.
/// Throws <see cref="Deployments.StoreUnavailableException"/> where the disk or a foreign lock keeps it from that.
/// </summary>
public interface ISecretStore
{
    /// <summary>All of them, by name.</summary>
    Task<IReadOnlyList<SealedSecret>> ListSecretsAsync(CancellationToken cancellationToken);

    /// <summary>Adds it, or puts it in the place of the one of that name.</summary>
    Task PutSecretAsync(SealedSecret secret, CancellationToken cancellationToken);

    /// <summary>False if there is none.</summary>
    Task<bool> DeleteSecretAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps what a deployment was given until its log is closed. What was kept first stays. Gives what is kept; null,
    /// and nothing is, if there is no such deployment or its log is closed.
    /// </summary>
    Task<byte[]?> KeepTakenAsync(long deploymentId, byte[] values, CancellationToken cancellationToken);

    /// <summary>Null if nothing is kept.</summary>
    Task<byte[]?> FindTakenAsync(long deploymentId, CancellationToken cancellationToken);

    /// <summary>The same of the secrets that it took over from another deployment.</summary>
    Task<byte[]?> KeepTakenOverAsync(long deploymentId, byte[] values, CancellationToken cancellationToken);

    /// <summary>Null if nothing is kept.</summary>
    Task<byte[]?> FindTakenOverAsync(long deploymentId, CancellationToken cancellationToken);
}

/// <summary>What a secret is for.</summary>
public enum SecretUse
{
    /// <summary>An environment variable of that name, where a deployment lists it.</summary>
    Run,
    /// <summary>A login at Git servers.</summary>
    Git,
    /// <summary>A login at registries.</summary>
    Registry,
}

/// <summary>A secret as it is shown: all but its value.</summary>
/// <param name="Repos">Globs; empty for <see cref="SecretUse.Run"/> alone: every repository.</param>
/// <param name="Username">Null for none.</param>
public record SecretInfo(string Name, SecretUse Use, IReadOnlyList<string> Repos, string? Username)
{
    /// <summary>Globs of the repositories whose deployments may use it; empty: all.</summary>
    public IReadOnlyList<string> Deployers { get; init; } = [];
}

/// <summary>A secret as it is kept.</summary>
/// <param name="Value">Sealed.</param>
public sealed record SealedSecret(
    string Name, SecretUse Use, IReadOnlyList<string> Repos, string? Username, byte[] Value)
    : SecretInfo(Name, Use, Repos, Username);
