using Speed.Deployments;

namespace Speed.Tests;

internal static class StoreExtensions
{
    /// <summary>Under an operator who allows whatever is asked for.</summary>
    public static Task<bool> RecordCommitAsync(
        this IDeploymentStore store, Claim claim, string branch, string commit, CancellationToken cancellationToken) =>
        store.RecordCommitAsync(
            claim, branch, commit, new Resources { MemoryMb = int.MaxValue, Cpus = 1_000, Pids = int.MaxValue }, cancellationToken);

    /// <summary>Under an operator who lets one caller have all slots.</summary>
    public static Task<Deployment?> ClaimNextAsync(
        this IDeploymentStore store, string owner, CancellationToken cancellationToken) =>
        store.ClaimNextAsync(owner, share: null, cancellationToken);

    /// <summary>Under an operator who lets any number of bytes be reported. False if there is no such deployment.</summary>
    public static async Task<bool> ReportAsync(
        this IDeploymentStore store, long id, string value, CancellationToken cancellationToken) =>
        await store.ReportAsync(id, value, long.MaxValue, cancellationToken) == ReportOutcome.Added;

    /// <summary>All results in order; null if there is no such deployment.</summary>
    public static async Task<IReadOnlyList<DeploymentResult>?> ReadResultsAsync(
        this IDeploymentStore store, long id, CancellationToken cancellationToken)
    {
        var all = new List<DeploymentResult>();
        while (await store.ReadResultsAsync(id, all.Count, long.MaxValue, cancellationToken) is { } page)
        {
            if (page.Items.Count == 0)
            {
                return all;
            }

            all.AddRange(page.Items);
        }

        return null;
    }
}
