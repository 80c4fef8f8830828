using System.Security.Cryptography;
using Speed.Deployments;

namespace Speed.Security;

/// <summary>
/// The key that may do everything: the operator's own, or one made at the first start and kept in <c>admin.key</c> of
/// the data directory, where the command line on the same machine finds it. There is none where keys are not required.
/// </summary>
public sealed class AdminKey
{
    /// <summary>Opens or makes it. Throws <see cref="InvalidOperationException"/> for a file that others may read.</summary>
    public AdminKey(AccessSettings settings, DataFolder data)
    {
        if (!settings.AreKeysRequired)
        {
            return;
        }

        Hash = KeyText.Hash(settings.AdminKey ?? OpenFile(Path.Combine(data.FullPath, "admin.key")));
    }

    /// <summary>Where it is kept; null where the operator set it, or there is none.</summary>
    public string? File { get; private set; }

    /// <summary>The key itself, to be told once; null unless it was made just now.</summary>
    public string? JustMade { get; private set; }

    /// <summary>SHA-256; null where keys are not required.</summary>
    internal byte[]? Hash { get; }

    internal bool Is(byte[] hash) => Hash is not null && CryptographicOperations.FixedTimeEquals(Hash, hash);

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
