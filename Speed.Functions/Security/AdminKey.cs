using System.Security.Cryptography;
using Speed.Deployments;

namespace Speed.Security;

/// <summary>
/// The key that may do everything: the operator's own, or one made at the first start and kept in <c>admin.key</c> of
/// the data directory, where the command line on the same machine finds it. There is none where keys are not required.
/// </summary>
public sealed class AdminKey
{
    private readonly Lazy<byte[]?> _proofValue;

    /// <summary>Opens or makes it. Throws <see cref="InvalidOperationException"/> for a file that others may read.</summary>
    public AdminKey(AccessSettings settings, DataFolder data)
    {
        var path = Path.Combine(data.FullPath, "admin.key");
        if (settings.AreKeysRequired)
        {
            var key = settings.AdminKey ?? OpenFile(path);
            Hash = KeyText.Hash(key);
            _proofValue = new Lazy<byte[]?>(() => KeyProof.ValueOf(key));
        }
        else
        {
            // One of a time when keys were required, which the command line finds: it is not asked for, and proved all the same.
            _proofValue = new Lazy<byte[]?>(() => FindKey(settings, path) is { } key ? KeyProof.ValueOf(key) : null);
        }
    }

    /// <summary>Where it is kept; null where the operator set it, or there is none.</summary>
    public string? File { get; private set; }

    /// <summary>The key itself, to be told once; null unless it was made just now.</summary>
    public string? JustMade { get; private set; }

    /// <summary>SHA-256; null where keys are not required.</summary>
    internal byte[]? Hash { get; }

    /// <summary>What it is proved with; null where there is none.</summary>
    internal byte[]? ProofValue => _proofValue.Value;

    internal bool Is(byte[] hash) => Hash is not null && CryptographicOperations.FixedTimeEquals(Hash, hash);

    private static string? FindKey(AccessSettings settings, string path)
    {
        try
        {
            return settings.AdminKey ?? PrivateFile.Read(path).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }

    private string OpenFile(string path)
    {
        File = path;
        if (System.IO.File.Exists(path))
        {
            return PrivateFile.Read(path).Trim() is { Length: >= 32 } key
                ? key
                : throw new InvalidOperationException($"{path} holds no key: remove it, and SPEED makes a new one.");
        }

        JustMade = KeyText.New();
        PrivateFile.Create(path, JustMade + "\n");
        return JustMade;
    }
}
