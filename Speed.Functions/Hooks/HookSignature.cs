using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Hooks;

/// <summary>How each forge shows that it knows the hook's secret: by what is computed of the delivery while it comes.</summary>
internal sealed class HookSignature : IDisposable
{
    private const string AlgorithmPrefix = "sha256=";
    private const string KeyPrefix = "whsec_";
    private const string VersionPrefix = "v1,";
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly Forge _forge;
    private readonly ForgeRequest _request;
    private readonly string _secret;
    private readonly IncrementalHash _digest;
    private readonly IncrementalHash? _standard;

    public HookSignature(Forge forge, ForgeRequest request, string secret, DateTimeOffset now)
    {
        (_forge, _request, _secret) = (forge, request, secret);
        _digest = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        _standard = BeginStandard(request, secret, now);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _digest.AppendData(bytes);
        _standard?.AppendData(bytes);
    }

    /// <summary>
    /// True if one of the signatures that the forge may send fits what was appended, once. What is compared takes the same time
    /// whether or not it fits, and the same is computed for every forge.
    /// </summary>
    public bool Fits()
    {
        var digest = Convert.ToHexStringLower(_digest.GetHashAndReset());
        var isStandard = FitsStandard();
        return _forge switch
        {
            Forge.Github => IsDigest("X-Hub-Signature-256"),
            Forge.Gitlab => isStandard || IsSame(_request.Header("X-Gitlab-Token"), _secret),
            Forge.Gitea => IsDigest("X-Forgejo-Signature") || IsDigest("X-Gitea-Signature")
                || IsDigest("X-Hub-Signature-256"),
            _ => IsDigest("X-Hub-Signature"),
        };

        bool IsDigest(string header) => IsSame(WithoutPrefix(_request.Header(header))?.ToLowerInvariant(), digest);
    }

    public void Dispose()
    {
        _digest.Dispose();
        _standard?.Dispose();
    }

    private static string? WithoutPrefix(string? signature) =>
        signature?.StartsWith(AlgorithmPrefix, StringComparison.Ordinal) == true
            ? signature[AlgorithmPrefix.Length..]
            : signature;

    // Of their hashes, which are of one length.
    private static bool IsSame(string? given, string expected) =>
        given is not null && CryptographicOperations.FixedTimeEquals(KeyText.Hash(given), KeyText.Hash(expected));

    // As GitLab signs with a signing token, by the specification Standard Webhooks: id and time are signed as well.
    private static IncrementalHash? BeginStandard(ForgeRequest request, string secret, DateTimeOffset now)
    {
        if (request.Header("webhook-signature") is null
            || request.Header("webhook-id") is not { } id
            || request.Header("webhook-timestamp") is not { } timestamp
            || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(now.ToUnixTimeSeconds() - (double)seconds) > MaxAge.TotalSeconds)
        {
            return null;
        }

        var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, StandardKey(secret));
        mac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        return mac;
    }

    private bool FitsStandard()
    {
        if (_standard is null || _request.Header("webhook-signature") is not { } signatures)
        {
            return false;
        }

        var expected = VersionPrefix + Convert.ToBase64String(_standard.GetHashAndReset());
        return signatures.Split(' ').Aggregate(false, (fits, signature) => fits | IsSame(signature, expected));
    }

    private static byte[] StandardKey(string secret) =>
        secret.StartsWith(KeyPrefix, StringComparison.Ordinal) && Base64.IsValid(secret.AsSpan(KeyPrefix.Length))
            ? Convert.FromBase64String(secret[KeyPrefix.Length..])
            : Encoding.UTF8.GetBytes(secret);
}
