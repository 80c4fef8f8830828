using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Hooks;

/// <summary>How each forge shows that it knows the hook's secret.</summary>
internal static class HookSignature
{
    private const string AlgorithmPrefix = "sha256=";
    private const string KeyPrefix = "whsec_";
    private const string VersionPrefix = "v1,";
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    /// <summary>
    /// True if one of the signatures that the forge may send fits. What is compared takes the same time whether or not
    /// it fits, and the same is computed for every forge.
    /// </summary>
    public static bool Fits(Forge forge, ForgeRequest request, string secret, DateTimeOffset now)
    {
        var digest = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), request.Body.Span));
        var isStandard = FitsStandard(request, secret, now);
        return forge switch
        {
            Forge.Github => IsDigest("X-Hub-Signature-256"),
            Forge.Gitlab => isStandard || IsSame(request.Header("X-Gitlab-Token"), secret),
            Forge.Gitea => IsDigest("X-Forgejo-Signature") || IsDigest("X-Gitea-Signature")
                || IsDigest("X-Hub-Signature-256"),
            _ => IsDigest("X-Hub-Signature"),
        };

        bool IsDigest(string header) => IsSame(WithoutPrefix(request.Header(header))?.ToLowerInvariant(), digest);
    }

    private static string? WithoutPrefix(string? signature) =>
        signature?.StartsWith(AlgorithmPrefix, StringComparison.Ordinal) == true
            ? signature[AlgorithmPrefix.Length..]
            : signature;

    // Of their hashes, which are of one length.
    private static bool IsSame(string? given, string expected) =>
        given is not null && CryptographicOperations.FixedTimeEquals(KeyText.Hash(given), KeyText.Hash(expected));

    // As GitLab signs with a signing token, by the specification Standard Webhooks: id and time are signed as well.
    private static bool FitsStandard(ForgeRequest request, string secret, DateTimeOffset now)
    {
        if (request.Header("webhook-signature") is not { } signatures
            || request.Header("webhook-id") is not { } id
            || request.Header("webhook-timestamp") is not { } timestamp
            || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(now.ToUnixTimeSeconds() - (double)seconds) > MaxAge.TotalSeconds)
        {
            return false;
        }

        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, StandardKey(secret));
        mac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        mac.AppendData(request.Body.Span);
        var expected = VersionPrefix + Convert.ToBase64String(mac.GetHashAndReset());
        return signatures.Split(' ').Aggregate(false, (fits, signature) => fits | IsSame(signature, expected));
    }

    private static byte[] StandardKey(string secret) =>
        secret.StartsWith(KeyPrefix, StringComparison.Ordinal) && Base64.IsValid(secret.AsSpan(KeyPrefix.Length))
            ? Convert.FromBase64String(secret[KeyPrefix.Length..])
            : Encoding.UTF8.GetBytes(secret);
}
