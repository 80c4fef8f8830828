using System.Text.Json;
using Microsoft.Extensions.Logging;
using Speed.Deployments;

namespace Speed.Security;

/// <summary>The secrets: written by people, read by deployments alone, sealed in between.</summary>
public sealed partial class SecretVault(
    ISecretStore store, IDeploymentStore deployments, SecretSeal seal, LeaderTokens tokens, Maskers maskers,
    ILogger<SecretVault> logger)
    : ISecrets
{
    /// <summary>All but the values, by name.</summary>
    public async Task<IReadOnlyList<SecretInfo>> ListAsync(CancellationToken cancellationToken) =>
        await store.ListSecretsAsync(cancellationToken);

    /// <summary>
    /// Adds it, or puts it in the place of the one of that name. Deployments that run keep what they have.
    /// </summary>
    public Task PutAsync(SecretInfo secret, string value, CancellationToken cancellationToken) => store.PutSecretAsync(
        new SealedSecret(secret.Name, secret.Use, secret.Repos, secret.Username, seal.Seal(value, About(secret)))
        {
            Deployers = secret.Deployers,
        },
        cancellationToken);

    /// <summary>False if there is none. Deployments that run keep what they have.</summary>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken) =>
        store.DeleteSecretAsync(name, cancellationToken);

    public async Task<DeploymentSecrets> TakeAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        var kept = await store.FindTakenAsync(deployment.Id, cancellationToken)
            ?? await store.KeepTakenAsync(
                deployment.Id, await ChooseAsync(deployment, cancellationToken), cancellationToken);
        var besides = await TakeOverAsync(deployment, cancellationToken);
        return WithTokens(Open(kept, besides, deployment) ?? throw Unopened(), deployment);
    }

    public Task<Masker> MaskerOfAsync(DeploymentSecrets secrets, CancellationToken cancellationToken) =>
        maskers.OfAsync(secrets, cancellationToken);

    public async Task<IReadOnlyList<SecretFault>> FindFaultsAsync(
        DeploymentOptions options, bool tellsOfOthers, CancellationToken cancellationToken)
    {
        if (options.Secrets.Count == 0)
        {
            return [];
        }

        var all = await store.ListSecretsAsync(cancellationToken);
        var repository = RepositoryIdentity.Of(options.Url);
        return
        [
            .. from asked in options.Secrets.Index()
               let fault = SecretRules.FindFault(all, asked.Item, repository, tellsOfOthers)
               where fault is not null
               select new SecretFault(asked.Index, fault),
        ];
    }

    public async Task<string?> MaskAsync(long deploymentId, string text, CancellationToken cancellationToken)
    {
        if (await deployments.FindAsync(deploymentId, cancellationToken) is not { Attempt: > 0 } deployment)
        {
            return text;
        }

        var kept = await store.FindTakenAsync(deploymentId, cancellationToken);
        var besides = await store.FindTakenOverAsync(deploymentId, cancellationToken);
        return Open(kept, besides, deployment) is { } taken
            ? (await MaskerOfAsync(WithTokens(taken, deployment), cancellationToken)).Mask(text)
            : null;
    }

    /// <summary>
    /// The closest of the <c>git</c> secrets for the repository at this address, and for its deployments, that is no ssh key;
    /// null if there is none.
    /// One that does not open counts as none.
    /// </summary>
    public async Task<Credential?> FindLoginAsync(string url, CancellationToken cancellationToken)
    {
        var (all, repository) = (await store.ListSecretsAsync(cancellationToken), RepositoryIdentity.Of(url));
        var fitting = all.Where(secret =>
            secret.Use == SecretUse.Git && SecretRules.IsFor(secret, repository) && SecretRules.MayDeploy(secret, repository));
        return (from secret in SecretRules.ClosestFirst(fitting, repository)
                let value = seal.Open(secret.Value, About(secret))
                where value is not null
                let login = new Credential(secret.Name, secret.Repos, secret.Username, value)
                where !login.IsPrivateKey
                select login).FirstOrDefault();
    }

    /// <summary>The names of those that the key does not open.</summary>
    internal async Task<IReadOnlyList<string>> ListUnreadableAsync(CancellationToken cancellationToken)
    {
        var all = await store.ListSecretsAsync(cancellationToken);
        return [.. all.Where(secret => seal.Open(secret.Value, About(secret)) is null).Select(secret => secret.Name)];
    }

    private async Task<byte[]> ChooseAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        var all = await store.ListSecretsAsync(cancellationToken);
        var taken = new Taken(
            RunSecrets(all, deployment.Asked.Secrets, deployment),
            [.. Logins(all, SecretUse.Git, deployment.Identity)],
            [.. Logins(all, SecretUse.Registry, deployment.Identity)]);
        return seal.Seal(JsonSerializer.Serialize(taken), About(deployment));
    }

    // Which ones are taken over is known only after the first were chosen.
    private async Task<byte[]?> TakeOverAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        if (deployment.TakenOver?.Secrets is not { Count: > 0 } names)
        {
            return null;
        }

        if (await store.FindTakenOverAsync(deployment.Id, cancellationToken) is { } kept)
        {
            return kept;
        }

        var variables = RunSecrets(await store.ListSecretsAsync(cancellationToken), names, deployment);
        var values = seal.Seal(JsonSerializer.Serialize(new Taken(variables, [], [])), AboutTakenOver(deployment));
        return await store.KeepTakenOverAsync(deployment.Id, values, cancellationToken);
    }

    private SortedDictionary<string, string> RunSecrets(
        IReadOnlyList<SealedSecret> all, IReadOnlyList<string> names, Deployment deployment)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (SecretRules.FindFault(all, name, deployment.Identity, tellsOfOthers: deployment.Repos is null) is { } fault)
            {
                throw Unusable(fault, deployment.TakenOver is { } taken && names == taken.Secrets ? taken.From : null);
            }

            var secret = all.First(one => one.Name == name);
            variables[name] = seal.Open(secret.Value, About(secret)) ?? throw Unreadable(name);
        }

        return variables;
    }

    // One that cannot be opened is in the way only of those that surely need it.
    private IEnumerable<Credential> Logins(
        IReadOnlyList<SealedSecret> all, SecretUse use, RepositoryIdentity repository)
    {
        var fitting = all.Where(secret => secret.Use == use && SecretRules.MayDeploy(secret, repository));
        foreach (var secret in SecretRules.ClosestFirst(fitting, repository))
        {
            if (seal.Open(secret.Value, About(secret)) is { } value)
            {
                yield return new Credential(secret.Name, secret.Repos, secret.Username, value);
            }
            else if (use == SecretUse.Git && SecretRules.IsFor(secret, repository))
            {
                throw Unreadable(secret.Name);
            }
            else
            {
                LogLeftOut(secret.Name);
            }
        }
    }

    // Null where one of the two does not open.
    private DeploymentSecrets? Open(byte[]? kept, byte[]? besides, Deployment deployment) =>
        Open(kept, About(deployment)) is { } taken && Open(besides, AboutTakenOver(deployment)) is { } takenOver
            ? new DeploymentSecrets
            {
                Variables = taken.Variables.Concat(takenOver.Variables).ToDictionary(),
                Git = taken.Git,
                Registries = taken.Registries,
            }
            : null;

    private Taken? Open(byte[]? kept, string about) =>
        kept is null ? Taken.Nothing
        : seal.Open(kept, about) is { } json ? JsonSerializer.Deserialize<Taken>(json)
        : null;

    private DeploymentSecrets WithTokens(DeploymentSecrets secrets, Deployment deployment) => secrets with
    {
        Variables = new SortedDictionary<string, string>(secrets.Variables.ToDictionary(), StringComparer.Ordinal)
        {
            ["SPEED_TOKEN"] = tokens.For(deployment),
        },
        Earlier =
        [
            .. Enumerable.Range(1, deployment.Attempt - 1)
                .Select(attempt => tokens.For(deployment with { Attempt = attempt })),
        ],
    };

    private static DeploymentFailedException Unusable(string fault, long? from) => from is null
        ? new DeploymentFailedException(
            FailureCode.ContainerStartFailed, $"Nothing was started: {fault}", "Make it again, and deploy again.")
        : new DeploymentFailedException(
            FailureCode.ContainerStartFailed,
            $"Nothing was started: {fault} It would have been taken over from deployment {from}.",
            "Make it again, or give `secrets` those that it is to have, [] for none, and deploy again.");

    private static DeploymentFailedException Unopened() => new(
        FailureCode.Internal,
        "What this deployment was given is sealed with another key than the one in secrets.key, so its output "
        + "could not be masked.",
        "Have the operator put the old key back, or deploy again.");

    private static DeploymentFailedException Unreadable(string name) => new(
        FailureCode.Internal,
        $"Secret `{name}` is sealed with another key than the one in secrets.key.",
        $"Have the operator put the old key back, or send the secret again: PUT /v1/secrets/{name}.");

    // Whose it is and where it may go: what is written beside the value in the database can not be changed alone.
    // Without deployers as it was sealed before there were any.
    private static string About(SecretInfo secret) => JsonSerializer.Serialize<string?[]>(secret.Deployers.Count == 0
        ? ["secret", secret.Name, secret.Use.ToString(), secret.Username, .. secret.Repos]
        :
        [
            "secret for deployers", secret.Name, secret.Use.ToString(), secret.Username,
            JsonSerializer.Serialize(secret.Repos), JsonSerializer.Serialize(secret.Deployers),
        ]);

    private static string About(Deployment deployment) => $"taken by {deployment.Id} {deployment.WorkerId}";

    private static string AboutTakenOver(Deployment deployment) => $"taken over by {deployment.Id} {deployment.WorkerId}";

    [LoggerMessage(
        LogLevel.Warning, "Secret {Name} was left out: it is sealed with another key than the one in secrets.key")]
    private partial void LogLeftOut(string name);

    private sealed record Taken(
        IReadOnlyDictionary<string, string> Variables, IReadOnlyList<Credential> Git,
        IReadOnlyList<Credential> Registries)
    {
        public static Taken Nothing { get; } = new(new SortedDictionary<string, string>(), [], []);
    }
}
