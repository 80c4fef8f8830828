using Microsoft.Extensions.Options;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Takes what is reported of deployments, as long as there is room for it.</summary>
public sealed class Reports(
    IDeploymentStore store, ISecrets secrets, DiskGuard disk, IOptions<DeploymentSettings> settings)
{
    /// <summary>Null once it is stored; else why it is not.</summary>
    internal async Task<Refusal?> AddAsync(long id, string text, CancellationToken cancellationToken)
    {
        // The word of an end has room kept for it; a result has not.
        if (disk.Level == DiskLevel.Critical)
        {
            return Refusal.DiskLow(disk.Fault);
        }

        if (await secrets.MaskAsync(id, text, cancellationToken) is not { } masked)
        {
            return Refusal.CannotMask("The result");
        }

        return await store.ReportAsync(id, masked, settings.Value.MaxReportedBytes, cancellationToken) switch
        {
            ReportOutcome.Added => null,
            ReportOutcome.TooMuch => Full(id),
            _ => Refusal.NoDeployment,
        };
    }

    private Refusal Full(long id) => new(
        413,
        "RESULTS_FULL",
        $"With this there would be more than {settings.Value.MaxReportedBytes} bytes of results reported of deployment {id}, as many as "
        + "may be (Speed__Results__MaxBytes): it was not stored. Report less, or have the operator raise the setting.");
}
