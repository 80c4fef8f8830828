using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;

namespace Speed.Security;

/// <summary>
/// The tokens with which programs report on their own deployment, one for each attempt: <c>spl_id_attempt_signature</c>.
/// Signed, not stored, so that a restart knows them too.
/// </summary>
public sealed class LeaderTokens(MasterKey key)
{
    public const string Prefix = "spl_";

    private readonly byte[] _key = key.Derive("leader tokens");

    /// <summary>The one for this deployment's attempt.</summary>
    public string For(Deployment deployment) => For(deployment.Id, deployment.WorkerId, deployment.Attempt);

    /// <summary>The id in a token that may be a leader's; null where it has not the form of one.</summary>
    public static long? IdIn(string token)
    {
        var parts = token.StartsWith(Prefix, StringComparison.Ordinal) ? token.Split('_', 4) : [];
        return parts.Length == 4 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : null;
    }

    /// <summary>True for the token of the attempt that the deployment is at.</summary>
    public bool Fits(string token, Deployment deployment) => CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(For(deployment)));

    // The worker's id is random: after a restored backup another deployment may bear the same number.
    private string For(long id, Guid worker, int attempt)
    {
        var said = string.Create(CultureInfo.InvariantCulture, $"{id}_{attempt}");
        var signature = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{said}_{worker}"));
        return $"{Prefix}{said}_{Base64Url.EncodeToString(signature)}";
    }
}
