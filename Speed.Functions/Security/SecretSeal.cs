using System.Security.Cryptography;
using System.Text;

namespace Speed.Security;

/// <summary>
/// Seals values with a key that is in no database (AES-256-GCM): the nonce, the tag, then the ciphertext. Each is
/// sealed together with what it is about, so that none opens in the place of another.
/// </summary>
public sealed class SecretSeal(MasterKey key)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly byte[] _key = key.Derive("secrets");

    /// <param name="about">What the value is for; not secret.</param>
    public byte[] Seal(string value, string about)
    {
        var plain = Encoding.UTF8.GetBytes(value);
        var sealedValue = new byte[NonceLength + TagLength + plain.Length];
        var nonce = sealedValue.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagLength);
        aes.Encrypt(
            nonce, plain, sealedValue.AsSpan(NonceLength + TagLength), sealedValue.AsSpan(NonceLength, TagLength),
            Encoding.UTF8.GetBytes(about));
        return sealedValue;
    }

    /// <summary>Null for what was sealed with another key, or about something else, or is damaged.</summary>
    public string? Open(ReadOnlySpan<byte> sealedValue, string about)
    {
        if (sealedValue.Length < NonceLength + TagLength)
        {
            return null;
        }

        var plain = new byte[sealedValue.Length - NonceLength - TagLength];
        using var aes = new AesGcm(_key, TagLength);
        try
        {
            aes.Decrypt(
                sealedValue[..NonceLength], sealedValue[(NonceLength + TagLength)..],
                sealedValue.Slice(NonceLength, TagLength), plain, Encoding.UTF8.GetBytes(about));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
