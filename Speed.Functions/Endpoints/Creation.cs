using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Makes deployments for callers, once their fields are good: all that is judged after those stands here.</summary>
public sealed class Creation(
    IDeploymentStore store, IServiceStore services, OptionsReader options, DiskGuard disk, StartLimit limit, AccessSettings access,
    IOptions<DeploymentSettings> settings)
{
    /// <summary>
    /// The new deployment; or, marked so in the answer's headers, the one that the same request has made before, as it
    /// was then; or the refusal.
    /// </summary>
    /// <param name="key">The caller's idempotency key; null if none was sent.</param>
    /// <param name="retryOf">The one that it repeats; null if it repeats none.</param>
    internal async Task<(Deployment? Deployment, Refusal? Refusal)> AddAsync(
        HttpRequest request, DeploymentOptions asked, string? key, long? retryOf, CancellationToken cancellationToken)
    {
        // Of a retry: what it repeats may be of before the rules for addresses.
        if (RepositoryIdentity.FindFault(asked.Url, RepositoryUrl.KnownSchemes) is { } addressFault)
        {
            return (null, Refusal.BadFields([new FieldError("/url", addressFault)]));
        }

        if (!request.Caller().SeesRepository(RepositoryIdentity.Of(asked.Url)))
        {
            return (null, NotForThisRepository(request.Caller()));
        }

        if (await FindStrangeHostAsync(request.Caller(), asked, retryOf is not null, cancellationToken) is { } strange)
        {
            return (null, NotForThisHost(request.Caller(), strange));
        }

        // With no room for anything new, or a secret gone since, what was asked for before is still answered.
        var obstacle = await JudgeAsync(request.Caller(), asked, cancellationToken);
        var wanted = Want(request.Caller(), asked, key, obstacle) with { RetryOf = retryOf, Repos = request.Caller().Deploys };
        return await store.AddAsync(wanted, cancellationToken) switch
        {
            AddOutcome.Added added => (Concerning(request, added.Deployment), null),
            AddOutcome.Replayed replayed =>
                (IdempotencyKey.Replay(request, Concerning(request, replayed.Deployment).AsCreated()), null),
            AddOutcome.KeyReused => (null, IdempotencyKey.Reused),
            AddOutcome.QueueFull full => (null, obstacle ?? Full(full)),
            var other => throw new InvalidOperationException($"The store answered {other}."),
        };
    }

    /// <summary>What is in the way of anything new; null for nothing.</summary>
    internal async Task<Refusal?> JudgeAsync(
        Caller caller, DeploymentOptions asked, CancellationToken cancellationToken) =>
        await options.FindSecretFaultAsync(asked, caller.Repos.Count == 0, cancellationToken)
        ?? await options.FindPortFaultAsync(asked, inAnyBranch: false, cancellationToken)
        ?? (disk.Fault is { } fault ? Refusal.DiskLow(fault) : limit.Judge(caller));

    /// <summary>What to ask the store for: with something in the way, for nothing that is new.</summary>
    internal NewDeployment Want(Caller caller, DeploymentOptions asked, string? key, Refusal? obstacle) =>
        new(asked, key, obstacle is null ? settings.Value.MaxQueued : 0)
        {
            DeployedBy = caller.Id,
            // Without keys everybody is one caller.
            MaxQueuedOfCaller = access.AreKeysRequired ? settings.Value.MaxQueuedPerToken : int.MaxValue,
        };

    internal Refusal Full(AddOutcome.QueueFull full) => new(
        429,
        "QUEUE_FULL",
        full.OfCaller
            ? $"{settings.Value.MaxQueuedPerToken} deployments of this token wait already, as many as one may have "
                + "(Speed__MaxQueuedPerToken): try again later."
            : $"{settings.Value.MaxQueued} deployments wait already, as many as may (Speed__MaxQueued): try again later.")
    {
        RetryAfterSeconds = 10,
    };

    // A retry may name what its service was up with, perhaps taken over from one that somebody else gave it.
    private async Task<string?> FindStrangeHostAsync(
        Caller caller, DeploymentOptions asked, bool isRetry, CancellationToken cancellationToken)
    {
        foreach (var host in asked.Hosts.Where(host => !caller.MayAskFor(host)))
        {
            if (!isRetry || !await services.HasHeldHostAsync(asked, host, cancellationToken))
            {
                return host;
            }
        }

        return null;
    }

    private static Deployment Concerning(HttpRequest request, Deployment deployment)
    {
        Audit.Concerns(request.HttpContext, deployment.Id);
        return deployment;
    }

    private static Refusal NotForThisHost(Caller caller, string host) => new(
        403,
        "HOST_NOT_FOR_TOKEN",
        $"The token {caller.Name} may not ask for the host {host}: use one whose hosts match it, or leave hosts out; the service "
        + "has names of its own.");

    private static Refusal NotForThisRepository(Caller caller) => new(
        403, "REPOSITORY_NOT_ALLOWED", $"The token {caller.Name} is not for this repository: use one whose repos match it.");
}
