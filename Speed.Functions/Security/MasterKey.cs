using System.Security.Cryptography;
using System.Text;

namespace Speed.Security;

/// <summary>
/// The one key that everything sealed or signed here stands on: 32 random bytes in a file of their own, made at the
/// first start, readable by its owner alone, and in no backup.
/// </summary>
public sealed class MasterKey
{
    private const int Length = 32;

    private readonly byte[] _key;

    private MasterKey(byte[] key)
    {
        _key = key;
    }

    /// <summary>
    /// Reads the key, or makes it. Throws <see cref="InvalidOperationException"/>, with a sentence, for a file that
    /// holds something else or that others may read.
    /// </summary>
    public static MasterKey Open(string path)
    {
        if (!File.Exists(path))
        {
            PrivateFile.Create(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(Length)) + "\n");
        }

        var text = PrivateFile.Read(path).Trim();
        var key = new byte[Length];
        return Convert.TryFromBase64String(text, key, out var length) && length == Length && text.Length == 44
            ? new MasterKey(key)
            : throw new InvalidOperationException(
                $"{path} is damaged: it must hold 32 bytes in base64. Put your copy of it back; without one, remove it, "
                + "and give SPEED its secrets again.");
    }

    /// <summary>A key of 32 bytes for one purpose, that tells nothing of the others (HKDF, RFC 5869).</summary>
    public byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, Length, info: Encoding.UTF8.GetBytes($"speed {purpose}"));
}
