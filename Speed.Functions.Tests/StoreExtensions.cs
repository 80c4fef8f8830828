using Speed.Deployments;

namespace Speed.Tests;

internal static class StoreExtensions
{
    /// <summary>Under an operator who allows whatever is asked for.</summary>
    public static Task<bool> RecordCommitAsync(
        this IDeploymentStore store, Claim claim, string branch, string commit, CancellationToken cancellationToken) =>
        store.RecordCommitAsync(
            claim, branch, commit, new Resources { MemoryMb = int.MaxValue, Cpus = 1_000, Pids = int.MaxValue }, cancellationToken);
}
