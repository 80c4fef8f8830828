using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Speed.Security;

/// <summary>
/// How SPEED shows that it has a key, to who has it as well, without telling anybody what it is: an HMAC-SHA256 over what
/// was asked, under a value that both make of the key. The command line does the same, in <c>ServerProof</c>.
/// </summary>
internal static class KeyProof
{
    private const int Rounds = 600_000;
    private const int KeyLength = 43;

    private static readonly byte[] Salt = "speed session challenge"u8.ToArray();

    /// <summary>
    /// The value for one that SPEED made, 256 random bits, is what is stored: its SHA-256. One that a person thought of could
    /// be found by trying, by whoever has seen one proof: there each try is to take long.
    /// </summary>
    public static byte[] ValueOf(string key) => IsRandom(key)
        ? KeyText.Hash(key)
        : Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(key), Salt, Rounds, HashAlgorithmName.SHA256, KeyText.HashLength);

    /// <param name="id">Of the token; empty for the admin key.</param>
    public static string Of(byte[] value, string id, string nonce) => Base64Url.EncodeToString(
        HMACSHA256.HashData(value, Encoding.UTF8.GetBytes($"speed session challenge\n{id}\n{nonce}")));

    private static bool IsRandom(string key) =>
        KeyText.IdIn(key) is not null
        || (key.Length == KeyLength && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
}
