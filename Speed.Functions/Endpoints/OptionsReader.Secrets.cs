using Speed.Deployments;

namespace Speed.Endpoints;

public sealed partial class OptionsReader
{
    private const int MaxSecrets = 100;
    private const int MaxSecretLength = 128;

    /// <summary>
    /// Null if the secrets that are listed are there, and for this repository. Asked once all fields are good.
    /// </summary>
    /// <param name="tellsOfOthers">Whether the caller may hear of secrets of other repositories.</param>
    internal async Task<Refusal?> FindSecretFaultAsync(
        DeploymentOptions options, bool tellsOfOthers, CancellationToken cancellationToken)
    {
        var faults = await secrets.FindFaultsAsync(options, tellsOfOthers, cancellationToken);
        return faults.Count > 0
            ? Refusal.BadFields([.. faults.Select(fault => new FieldError($"/secrets/{fault.Index}", fault.Detail))])
            : null;
    }

    private static IReadOnlyList<string> ReadSecrets(Fields fields)
    {
        var names = fields.List("secrets", MaxSecrets, MaxSecretLength);
        if (!names.All(IsVariableName))
        {
            fields.Refuse("secrets", "must name secrets as variables are named: letters, digits and '_'.");
        }

        return names;
    }
}
